/** The doctor on a host's page: runs on demand, shows each finding as it comes, and types a command where that is wished. */
import { Stethoscope } from 'lucide-react';
import { useEffect, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import type { Finding, Host } from '#contract/hosts.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import { Section } from '../../components/page.tsx';
import { useClient, useMay, useNotices, useViewActions } from '../../state/app-context.tsx';
import { toBerthError } from '../../state/to-berth-error.ts';
import { Findings } from './findings.tsx';

export function DoctorSection({ host }: { host: Host }) {
  const client = useClient();
  const [findings, setFindings] = useState<readonly Finding[]>([]);
  const [error, setError] = useState<BerthError | null>(null);
  const [run, setRun] = useState<{ count: number; isRunning: boolean }>({ count: 0, isRunning: false });
  const view = useViewActions();
  const notices = useNotices();
  const isReady = host.state.phase === 'ready';

  useEffect(() => {
    if (run.count === 0) return;
    const stop = new AbortController();
    const examine = async () => {
      try {
        for await (const finding of client.stream('hosts.doctor', { id: host.id }, { signal: stop.signal }))
          setFindings((before) => [...before.filter((each) => each.check !== finding.check), finding]);
      } catch (cause) {
        if (!stop.signal.aborted) setError(toBerthError(cause));
      } finally {
        if (!stop.signal.aborted) setRun((before) => ({ ...before, isRunning: false }));
      }
    };
    void examine();
    return () => stop.abort();
  }, [client, host.id, run.count]);

  const mayType = useMay('hosts.write');
  const start = () => {
    setFindings([]);
    setError(null);
    setRun((before) => ({ count: before.count + 1, isRunning: true }));
  };
  /** Not run: whoever reads it in the terminal presses Return, or does not. */
  const type = async (typed: string) => {
    try {
      const terminal = await client.call('terminals.open', {
        target: { kind: 'host', hostId: host.id },
        size: { cols: 80, rows: 24 },
        name: null,
        typed,
      });
      view.open({ type: 'terminal', terminalId: terminal.id });
    } catch (cause) {
      notices.fail('No terminal was opened', cause);
    }
  };
  return (
    <Section
      title="Doctor"
      actions={
        <Button
          icon={Stethoscope}
          onClick={start}
          isBusy={run.isRunning}
          disabled={!isReady}
          reason="Connect the host first"
        >
          {run.count === 0 ? 'Run doctor' : 'Run again'}
        </Button>
      }
    >
      {run.count === 0 && (
        <p className="text-muted">
          Checks engine, disk, permissions, clock and isolation; says why each matters and which command mends
          it. It changes nothing.
        </p>
      )}
      {run.isRunning && findings.length === 0 && <LoadingRows label="The doctor examines the host" />}
      {error !== null && <ErrorNote title="The doctor could not finish" error={error} />}
      {findings.length > 0 && (
        <Findings
          findings={findings}
          onType={isReady && mayType ? (command) => void type(command) : undefined}
        />
      )}
    </Section>
  );
}
