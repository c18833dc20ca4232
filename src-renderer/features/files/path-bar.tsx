/** Where one is: each folder above is a button; the whole can be typed, with the folders that there are offered. */
// biome-ignore-all lint/a11y/noNoninteractiveElementToInteractiveRole: a list that a combobox offers (ARIA APG)
// biome-ignore-all lint/a11y/useFocusableInteractive: the field keeps the keyboard and names the folder
import { ChevronRight, PencilLine } from 'lucide-react';
import { type DragEvent, useEffect, useId, useRef, useState } from 'react';
import type { PlaceId } from '#contract/files.ts';
import { IconButton } from '../../components/button.tsx';
import { classNames } from '../../components/class-names.ts';
import { inputClass } from '../../components/field.tsx';
import { useClient } from '../../state/app-context.tsx';
import { useAsked } from '../../state/use-asked.ts';
import { FileName } from './file-name.tsx';
import { crumbsOf, joinPath, typedPlace } from './path-words.ts';

export interface PathBarProps {
  readonly placeId: PlaceId;
  readonly path: string;
  readonly isEditing: boolean;
  readonly onEditing: (isEditing: boolean) => void;
  /** Null: where a person begins. */
  readonly onGo: (path: string | null) => void;
  readonly canDrop: (event: DragEvent, folder: string) => 'copy' | 'move' | null;
  readonly onDrop: (event: DragEvent, folder: string) => void;
}

export function PathBar(props: PathBarProps) {
  return props.isEditing ? <PathField {...props} /> : <Crumbs {...props} />;
}

function Crumbs({ path, onEditing, onGo, canDrop, onDrop }: PathBarProps) {
  const line = useRef<HTMLOListElement>(null);
  const [dropPath, setDropPath] = useState<string | null>(null);
  // The end of a long path is what one looks for.
  // biome-ignore lint/correctness/useExhaustiveDependencies: another path has another end
  useEffect(() => {
    if (line.current) line.current.scrollLeft = line.current.scrollWidth;
  }, [path]);
  const crumbs = crumbsOf(path);
  return (
    <nav
      aria-label="Path"
      className="flex h-control min-w-0 flex-1 items-center rounded-md border border-line bg-field pl-1"
    >
      <ol
        ref={line}
        className="m-0 flex min-w-0 flex-1 list-none items-center overflow-x-auto p-0 [scrollbar-width:none]"
      >
        {crumbs.map((crumb, index) => (
          <li key={crumb.path} className="flex shrink-0 items-center">
            {index > 1 && <ChevronRight aria-hidden size={12} className="text-faint" />}
            <button
              type="button"
              aria-current={index === crumbs.length - 1 ? 'location' : undefined}
              onClick={() => onGo(crumb.path)}
              onDragOver={(event) => {
                const effect = canDrop(event, crumb.path);
                if (effect === null) return;
                event.preventDefault();
                event.dataTransfer.dropEffect = effect;
                setDropPath(crumb.path);
              }}
              onDragLeave={() => setDropPath(null)}
              onDrop={(event) => {
                event.preventDefault();
                setDropPath(null);
                onDrop(event, crumb.path);
              }}
              className={classNames(
                'focus-inset max-w-60 truncate rounded-sm px-1 hover:bg-hover',
                index === crumbs.length - 1 ? 'text-text' : 'text-muted hover:text-text',
                dropPath === crumb.path && 'outline-2 outline-accent',
              )}
            >
              <FileName name={crumb.label} />
            </button>
          </li>
        ))}
      </ol>
      {/* Beside the path, where a press means the path as text. */}
      <IconButton
        label="Type a path"
        icon={PencilLine}
        size="small"
        onClick={() => onEditing(true)}
        className="mr-1"
      />
    </nav>
  );
}

/** Folders that are offered at a time. */
const offered = 8;
/** Entries of a folder that are looked through for them. */
const lookedThrough = 5_000;

function PathField({ placeId, path, onEditing, onGo }: PathBarProps) {
  const client = useClient();
  const id = useId();
  const [text, setText] = useState(path);
  const [chosen, setChosen] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.select(), []);
  const { folder, begin } = typedPlace(text, path);
  const { answer } = useAsked(
    folder,
    async (signal) => {
      const names: string[] = [];
      let seen = 0;
      for await (const { entries } of client.stream('files.list', { placeId, path: folder }, { signal })) {
        for (const one of entries)
          if (one.kind === 'folder' || one.targetKind === 'folder') names.push(one.name);
        seen += entries.length;
        if (seen > lookedThrough) break;
      }
      return { folder, names: names.sort() };
    },
    120,
  );
  const names = answer?.folder === folder ? answer.names : [];
  const wanted = begin.toLowerCase();
  const options = names
    .filter((name) => name.toLowerCase().startsWith(wanted) && (begin !== '' || !name.startsWith('.')))
    .slice(0, offered);
  const complete = (name: string) => {
    setText(`${joinPath(folder, name)}/`);
    setChosen(-1);
  };
  const go = () => {
    const typed = text.trim().replace(/^~(?=\/|$)\/?/, '');
    const clean = typed.length > 1 ? typed.replace(/\/+$/, '') : typed;
    onEditing(false);
    onGo(clean === '' ? null : clean);
  };
  return (
    <div className="relative min-w-0 flex-1">
      <input
        ref={input}
        role="combobox"
        aria-label="Path of the folder"
        aria-expanded={options.length > 0}
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={chosen >= 0 ? `${id}-${chosen}` : undefined}
        value={text}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          setText(event.target.value);
          setChosen(-1);
        }}
        onBlur={() => onEditing(false)}
        onKeyDown={(event) => {
          const picked = options[chosen];
          if (event.key === 'Escape') onEditing(false);
          else if (event.key === 'Enter' && picked === undefined) go();
          else if (event.key === 'Enter' && picked !== undefined) complete(picked);
          else if (
            event.key === 'Tab' &&
            !event.shiftKey &&
            (picked ?? options[0]) !== undefined &&
            begin !== ''
          )
            complete(picked ?? options[0] ?? '');
          else if (event.key === 'ArrowDown' && options.length > 0) setChosen((chosen + 1) % options.length);
          else if (event.key === 'ArrowUp' && options.length > 0)
            setChosen((Math.max(chosen, 0) + options.length - 1) % options.length);
          else return;
          event.preventDefault();
          event.stopPropagation();
        }}
        className={`${inputClass} w-full font-code text-[0.96em]`}
      />
      {options.length > 0 && (
        <ul
          id={`${id}-list`}
          role="listbox"
          aria-label="Folders"
          className="floating absolute inset-x-0 top-full z-20 m-0 mt-1 max-h-64 list-none overflow-y-auto p-1"
        >
          {options.map((name, index) => (
            <li
              key={name}
              id={`${id}-${index}`}
              role="option"
              aria-selected={index === chosen}
              // Before the field loses the keyboard, which would end it.
              onMouseDown={(event) => {
                event.preventDefault();
                complete(name);
              }}
              className={classNames(
                'truncate rounded-sm px-2 py-1',
                index === chosen ? 'bg-hover' : 'hover:bg-hover',
              )}
            >
              <FileName name={name} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
