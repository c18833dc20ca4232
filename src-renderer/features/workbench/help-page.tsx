/** What the words mean, the keys that matter, and what Berth does not do. Written for the first day. */
import { Button } from '../../components/button.tsx';
import { CodeBlock } from '../../components/code-block.tsx';
import { KeyHint } from '../../components/key-hint.tsx';
import { Card, Page, Section } from '../../components/page.tsx';
import { useAbout, useApp, useAppState, useCommand, useKeymap } from '../../state/app-context.tsx';
import { commandLabel } from '../../state/commands.ts';
import type { ViewProps } from '../../state/feature.ts';
import { chordKeys } from '../../state/shortcut.ts';
import { fishLines, zshLines } from './shell-lines.ts';

const words: readonly (readonly [string, string])[] = [
  ['Host', 'A machine with a container engine that Berth drives: over SSH, or this computer.'],
  ['Project', 'A named definition: image, environment, limits, and where lasting files are.'],
  ['Workspace', 'One container and its volume for a project, on a host. Its files outlive the container.'],
  ['Terminal', 'A shell in a workspace or on a host, shown in a tab.'],
  [
    'Operation',
    'Long work with steps. It goes on when the window is closed, and is finished or undone after a crash.',
  ],
  [
    'Credential',
    'A password or key, kept in this computer’s keychain. Berth shows its name, never its content.',
  ],
  ['Remove', 'Berth forgets it; nothing on the host is touched.'],
  ['Destroy', 'The thing on the host is gone. Berth says first what goes and what stays.'],
];

export function HelpPage(_props: ViewProps<'help'>) {
  const app = useApp();
  const state = useAppState();
  const keymap = useKeymap();
  const about = useAbout().value;
  const shortcuts = useCommand('go.shortcuts');
  const main = [
    'go.palette',
    'tab.close',
    'tab.reopen',
    'tab.last-used',
    'pane.split-right',
    'pane.split-down',
    'view.toggle-sidebar',
    'view.focus-sidebar',
    'go.settings',
  ];
  return (
    <Page
      title="Help"
      width="text"
      lead="Berth turns servers that you can reach over SSH into places for workspaces: containers with files that last and terminals that survive."
    >
      <Section title="Words">
        <Card>
          <dl className="m-0 divide-y divide-line">
            {words.map(([word, meaning]) => (
              <div key={word} className="flex flex-wrap gap-x-4 px-4 py-2">
                <dt className="w-24 shrink-0 font-medium">{word}</dt>
                <dd className="m-0 min-w-[min(220px,100%)] flex-1 text-muted">{meaning}</dd>
              </div>
            ))}
          </dl>
        </Card>
      </Section>
      <Section title="Keys" actions={<Button onClick={shortcuts.run}>All shortcuts</Button>}>
        <Card className="divide-y divide-line">
          {main.map((id) => {
            const command = app.commands.get(id);
            const chord = keymap.chords.get(id);
            return (
              command &&
              chord && (
                <div key={id} className="flex min-h-9 items-center justify-between gap-4 px-4">
                  <span>{commandLabel(command, state)}</span>
                  <KeyHint keys={chordKeys(chord, app.platform)} />
                </div>
              )
            );
          })}
        </Card>
        <p className="text-meta text-muted">
          Every act has a row in the palette. In trees the arrow keys move, letters find, F2 renames and
          Shift+F10 opens the menu. Delete closes a tab from its strip.
        </p>
      </Section>
      <Section title="Shells that tell of their commands">
        <p className="text-muted">
          Where a shell says when a prompt, a command and its output begin, Berth marks prompts with how each
          command ended, goes from one to the next, copies the last output, and tells of long commands that
          finished while nobody looked. bash in Berth’s terminals does so by itself. For other shells, add
          these lines on the host or in the workspace. They change nothing in other terminals.
        </p>
        <h3 className="text-meta font-medium">zsh, at the end of ~/.zshrc</h3>
        <CodeBlock label="Lines for zsh" text={zshLines} />
        <h3 className="text-meta font-medium">fish before version 4, in ~/.config/fish/config.fish</h3>
        <CodeBlock label="Lines for fish" text={fishLines} />
        <p className="text-meta text-muted">fish 4 and later does so by itself.</p>
      </Section>
      <Section title="What is installed on a host">
        <p className="text-muted">
          Nothing beyond Docker, and tmux and zstd if you like. Nothing is opened to the network: everything
          goes through the SSH connection.
        </p>
      </Section>
      {about && (
        <p className="text-meta text-muted">
          Berth {about.version} on {about.platform}, {about.mode === 'desktop' ? 'desktop' : 'served'}. Data
          and log are in <code className="break-all">{about.dataFolder}</code>.
        </p>
      )}
    </Page>
  );
}
