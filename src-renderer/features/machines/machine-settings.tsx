/** What can be changed of a machine, each row with how it is now and the button that changes it. */
import type { Machine } from '#contract/machines.ts';
import { Button } from '../../components/button.tsx';
import { Card, Section } from '../../components/page.tsx';
import { useCommand } from '../../state/app-context.tsx';
import { accessWords, endWords, sizeWords } from './machine-words.ts';

const endTime = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export function MachineSettings({ machine }: { machine: Machine }) {
  return (
    <Section title="Change it">
      <Card>
        <ul aria-label="What can be changed" className="m-0 list-none divide-y divide-line p-0">
          <Row
            machine={machine}
            title="Ends by itself"
            lines={endWords(machine.end, (at) => endTime.format(new Date(at)))}
            command="machine.end"
            verb="Change…"
            what="when it ends"
          />
          <Row
            machine={machine}
            title="SSH access"
            lines={[accessWords(machine.sshAccess)]}
            command="machine.ssh-access"
            verb="Change…"
            what="SSH access"
          />
          <Row
            machine={machine}
            title="Backups"
            lines={[
              machine.hasBackups ? 'On: the provider copies the whole machine from time to time.' : 'Off.',
            ]}
            command="machine.backups"
            verb={machine.hasBackups ? 'Turn off…' : 'Turn on…'}
            what="backups"
          />
          <Row
            machine={machine}
            title="Size"
            lines={[sizeWords(machine) || machine.size]}
            command="machine.resize"
            verb="Resize…"
            what=""
          />
          <Row
            machine={machine}
            title="Name"
            lines={[machine.name]}
            command="machine.rename"
            verb="Rename…"
            what=""
          />
          <Row
            machine={machine}
            title="System"
            lines={['Start over on a fresh disk: everything on it is gone; name, address and price stay.']}
            command="machine.rebuild"
            verb="Rebuild…"
            what=""
          />
        </ul>
      </Card>
    </Section>
  );
}

function Row(props: {
  readonly machine: Machine;
  readonly title: string;
  readonly lines: readonly string[];
  readonly command: string;
  readonly verb: string;
  /** Tells buttons with the same verb apart for who cannot see the row. */
  readonly what: string;
}) {
  const { machine, title, lines, verb, what } = props;
  const handle = useCommand(props.command, { kind: 'machine', id: machine.id });
  return (
    <li className="flex items-center gap-4 px-4 py-2">
      <span className="w-28 shrink-0 font-medium max-sm:w-20">{title}</span>
      <span className="min-w-0 flex-1 text-muted">
        {lines.map((line) => (
          <span key={line} className="block wrap-anywhere">
            {line}
          </span>
        ))}
      </span>
      {handle.isShown && (
        <Button
          onClick={handle.run}
          disabled={!handle.isEnabled}
          reason="Not while something works on it"
          {...(what === '' ? {} : { 'aria-label': `${verb.replace('…', '')} ${what}` })}
        >
          {verb}
        </Button>
      )}
    </li>
  );
}
