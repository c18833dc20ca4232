/** The frame of the pages for who is not signed in: one narrow column in the middle, as wide as a phone. */
import { ArrowLeft } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { Card } from '../../components/page.tsx';

export interface SignedOutFrameProps {
  readonly title: string;
  readonly lead?: ReactNode;
  readonly children?: ReactNode;
  /** Below the card: ways to the other pages. */
  readonly foot?: ReactNode;
}

export function SignedOutFrame({ title, lead, children, foot }: SignedOutFrameProps) {
  useEffect(() => {
    document.title = `${title} · Berth`;
  }, [title]);
  return (
    <div className="h-dvh overflow-y-auto bg-app">
      <main className="mx-auto flex min-h-full w-full max-w-[408px] flex-col justify-center gap-5 px-4 py-10">
        <div className="flex items-center gap-2">
          <Mark />
          <span className="text-lead font-semibold">Berth</span>
        </div>
        <Card className="flex flex-col gap-4 p-5 max-sm:p-4">
          <header>
            <h1 className="text-title font-semibold wrap-anywhere">{title}</h1>
            {lead && <div className="mt-1 text-pretty text-muted wrap-anywhere">{lead}</div>}
          </header>
          {children}
        </Card>
        {foot && <footer className="flex flex-col gap-1.5 text-muted">{foot}</footer>}
      </main>
    </div>
  );
}

export function TextLink({ href, children }: { href: string; children: ReactNode }) {
  return (
    <a href={href} className="rounded-sm text-accent underline underline-offset-2 hover:text-accent-hover">
      {children}
    </a>
  );
}

export function BackToSignIn({ href }: { href: string }) {
  return (
    <a href={href} className="inline-flex items-center gap-1.5 self-start rounded-sm hover:text-text">
      <ArrowLeft aria-hidden size={14} /> Back to signing in
    </a>
  );
}

function Mark() {
  return (
    <svg aria-hidden viewBox="0 0 512 512" fill="none" strokeLinejoin="round" className="size-7 text-text">
      <path
        d="M168 104h92c44 0 70 24 70 60s-26 60-70 60h-92zM168 224h108c48 0 78 22 78 60s-30 28-78 28H168z"
        stroke="currentColor"
        strokeWidth="40"
      />
      <path
        d="M84 408c28 0 28-24 58-24s28 24 57 24 28-24 57-24 28 24 57 24 28-24 57-24 28 24 58 24"
        stroke="currentColor"
        strokeWidth="30"
        strokeLinecap="round"
        className="text-accent"
      />
    </svg>
  );
}
