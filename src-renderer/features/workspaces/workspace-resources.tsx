/** Four small live charts of what a workspace uses. */
import type { Workspace } from '#contract/workspaces.ts';
import { Chart } from '../../components/chart.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { formatBytes, formatCount, formatRate } from '../../components/format.ts';
import { Card, Section } from '../../components/page.tsx';
import { sizeText } from '../../state/project-words.ts';
import { useMachineOfHost } from '../../state/app-context.tsx';
import { useWorkspaceStats } from './use-workspace-stats.ts';

const formatCpus = (value: number | null) => (value === null ? '–' : value.toFixed(2));

export function WorkspaceResources({ workspace, isOn }: { workspace: Workspace; isOn: boolean }) {
  const isRunning = workspace.state === 'running';
  // While its machine goes to sleep or wakes, nobody is let to it; the readings begin by themselves afterwards.
  const life = useMachineOfHost(workspace.hostId)?.life;
  const isTurning = life === 'hibernating' || life === 'waking';
  const { stats, error } = useWorkspaceStats(workspace.id, isOn && isRunning && !isTurning);
  const { latest, times } = stats;
  if (!isRunning && latest === null) return null;
  const { limits } = workspace;
  return (
    <Section
      title="Resources"
      actions={
        isRunning &&
        latest !== null && (
          <span className="tabular text-meta text-muted">
            {formatCount(latest.pids, 'process', 'processes')} of {limits.pids}
          </span>
        )
      }
    >
      {error !== null && <ErrorNote title="The readings could not be had" error={error} />}
      {latest === null && error === null && (
        <p role="status" className="text-muted">
          The first reading takes a second or two.
        </p>
      )}
      {latest !== null && (
        <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
          <Card className="px-3 pt-2.5 pb-1.5">
            <Chart
              title={limits.cpus === null ? 'Processors' : `Processors, of ${limits.cpus}`}
              times={times}
              series={[{ label: 'Used', colour: '--busy', values: stats.cpus }]}
              format={formatCpus}
              max={latest.cpuLimit}
            />
          </Card>
          <Card className="px-3 pt-2.5 pb-1.5">
            <Chart
              title={
                latest.memoryLimitBytes === null
                  ? 'Memory'
                  : `Memory, of ${sizeText(latest.memoryLimitBytes)}`
              }
              times={times}
              series={[{ label: 'Used', colour: '--accent', values: stats.memoryBytes }]}
              format={formatBytes}
              unit="bytes"
              max={latest.memoryLimitBytes}
            />
          </Card>
          <Card className="px-3 pt-2.5 pb-1.5">
            <Chart
              title="Network"
              times={times}
              series={[
                { label: 'in', colour: '--busy', values: stats.networkIn },
                { label: 'out', colour: '--attention', values: stats.networkOut },
              ]}
              format={formatRate}
              unit="bytes"
            />
          </Card>
          <Card className="px-3 pt-2.5 pb-1.5">
            <Chart
              title="Disk"
              times={times}
              series={[
                { label: 'read', colour: '--busy', values: stats.diskRead },
                { label: 'written', colour: '--attention', values: stats.diskWrite },
              ]}
              format={formatRate}
              unit="bytes"
            />
          </Card>
        </div>
      )}
    </Section>
  );
}
