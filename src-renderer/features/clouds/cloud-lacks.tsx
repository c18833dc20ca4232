/** What a token may not do: what is needed as an error, what is only not seen as a note that unfolds. */
import { EyeOff } from 'lucide-react';
import { CircleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Cloud, CloudPermission } from '#contract/clouds.ts';
import { Disclosure } from '../../components/disclosure.tsx';
import { lacking } from './cloud-words.ts';

export interface CloudLacksProps {
  readonly cloud: Pick<Cloud, 'permissions'>;
  readonly provider: string;
  readonly isOpenAtFirst?: boolean;
  /** What mends it. */
  readonly actions?: ReactNode;
}

export function CloudLacks({ cloud, provider, isOpenAtFirst = false, actions }: CloudLacksProps) {
  const { needed, others } = lacking(cloud);
  return (
    <>
      {needed.length > 0 && (
        <section
          role="alert"
          className="flex gap-2.5 rounded-md border border-failed/40 bg-failed-soft px-3 py-2.5"
        >
          <CircleAlert aria-hidden size={16} className="mt-0.5 shrink-0 text-failed" />
          <div className="flex min-w-0 flex-1 flex-col gap-1.5">
            <h4 className="font-semibold">The token may not do what is needed</h4>
            <Lacks permissions={needed} />
            <p>Give it these permissions at {provider}, or make another token.</p>
            {actions}
          </div>
        </section>
      )}
      {others.length > 0 && (
        <Disclosure
          isOpenAtFirst={isOpenAtFirst}
          label={
            <span className="flex items-center gap-1.5">
              <EyeOff aria-hidden size={13} />
              {needed.length > 0 ? 'What else the token' : 'What the token'} may not see or do
            </span>
          }
        >
          <Lacks permissions={others} isMuted />
        </Disclosure>
      )}
    </>
  );
}

function Lacks(props: { permissions: readonly CloudPermission[]; isMuted?: boolean }) {
  return (
    <ul className="m-0 flex list-none flex-col gap-1 p-0">
      {props.permissions.map(({ name, without }) => (
        <li key={name} className="wrap-anywhere">
          <span className={props.isMuted ? 'text-muted' : undefined}>{without}</span>{' '}
          <code className={props.isMuted ? 'text-muted' : undefined}>{name}</code>
        </li>
      ))}
    </ul>
  );
}
