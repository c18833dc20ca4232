/** What the doctor found: the worst first, each with why it matters and the command that mends it. */
import { CircleAlert, CircleCheck, Info, OctagonX, SquareTerminal } from 'lucide-react';
import type { Finding } from '#contract/hosts.ts';
import { Button } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code-block.tsx';
import { Card } from '../../components/page.tsx';
import { Disclosure } from '../../components/disclosure.tsx';

const looks = {
  problem: { icon: OctagonX, colour: 'text-failed', word: 'Problem' },
  warning: { icon: CircleAlert, colour: 'text-attention', word: 'Warning' },
  note: { icon: Info, colour: 'text-busy', word: 'Note' },
  ok: { icon: CircleCheck, colour: 'text-running', word: 'Fine' },
} as const;
const order: readonly Finding['level'][] = ['problem', 'warning', 'note', 'ok'];

interface FindingsProps {
  readonly findings: readonly Finding[];
  /** Types a command into a new terminal of the host. Absent where there is none to be had. */
  readonly onType?: ((command: string) => void) | undefined;
}

export function Findings({ findings, onType }: FindingsProps) {
  const sorted = findings.toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  const loud = sorted.filter((finding) => finding.level !== 'ok');
  const fine = sorted.filter((finding) => finding.level === 'ok');
  return (
    <div className="flex flex-col gap-2">
      {loud.length > 0 && (
        <Card>
          <ul className="divide-y divide-line">
            {loud.map((finding) => (
              <FindingRow key={finding.check} finding={finding} onType={onType} />
            ))}
          </ul>
        </Card>
      )}
      {fine.length > 0 && (
        <Disclosure
          label={`${fine.length} ${fine.length === 1 ? 'check is' : 'checks are'} fine`}
          isOpenAtFirst={loud.length === 0}
        >
          <Card>
            <ul className="divide-y divide-line">
              {fine.map((finding) => (
                <FindingRow key={finding.check} finding={finding} onType={onType} />
              ))}
            </ul>
          </Card>
        </Disclosure>
      )}
    </div>
  );
}

function FindingRow({ finding, onType }: { finding: Finding; onType: FindingsProps['onType'] }) {
  const { command } = finding;
  const { icon: Icon, colour, word } = looks[finding.level];
  const isFine = finding.level === 'ok';
  return (
    <li className="flex gap-3 px-3 py-2.5">
      <Icon aria-label={word} size={16} strokeWidth={2} className={`mt-0.5 shrink-0 ${colour}`} />
      <div className="flex min-w-0 flex-1 flex-col gap-1">
        <div className="flex flex-wrap items-baseline gap-x-2">
          <h3 className="font-medium">{finding.title}</h3>
          <p className="min-w-0 text-muted wrap-anywhere">{finding.detail}</p>
        </div>
        {!isFine && <p className="text-muted wrap-anywhere">{finding.why}</p>}
        {finding.fix !== null && <CodeBlock text={finding.fix} label="Command that mends it" />}
        {command !== null && onType && (
          <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <Button icon={SquareTerminal} onClick={() => onType(command)}>
              Type it into a terminal
            </Button>
            <span className="text-meta text-muted">You read it there and press Return.</span>
          </div>
        )}
      </div>
    </li>
  );
}
