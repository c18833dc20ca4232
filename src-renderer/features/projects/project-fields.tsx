/** The fields of a project: the few that everybody needs, and the rest folded away. Each says what it means. */
import { ListPlus, Plus, Trash2 } from 'lucide-react';
import { useRef } from 'react';
import type { ProjectDefinition } from '#contract/projects.ts';
import { Button, IconButton } from '../../components/button.tsx';
import { RadioGroup } from '../../components/choices.tsx';
import { Disclosure } from '../../components/disclosure.tsx';
import { Menu } from '../../components/menu.tsx';
import { Select } from '../../components/select.tsx';
import { TextArea, TextField } from '../../components/text-field.tsx';
import { profileSentences, runtimeSentences } from '../../state/project-words.ts';
import { AppSection, appSectionFields, isAppSectionUsed } from './app-section.tsx';
import type { DraftErrors, DraftVariable, ProjectDraft } from './project-draft.ts';

export interface ProjectFieldsProps {
  readonly draft: ProjectDraft;
  readonly errors: DraftErrors;
  readonly onChange: (change: Partial<ProjectDraft>) => void;
  /** References that the chosen host has already. */
  readonly images?: readonly string[];
  /** Those to offer; all unless a host limits them. */
  readonly runtimes?: readonly ProjectDefinition['runtime'][];
  /** Whether the name stands with the others or among the advanced. */
  readonly isNameFirst: boolean;
}

const allRuntimes = ['default', 'runc', 'runsc', 'kata'] as const;
const advancedFields = [
  'environment',
  'mountPoint',
  'profile',
  'runtime',
  'shell',
  'limits.pids',
  'description',
];

export function ProjectFields(props: ProjectFieldsProps) {
  const { draft, errors, onChange, images = [], runtimes = allRuntimes, isNameFirst } = props;
  const name = (
    <TextField
      label={isNameFirst ? 'Name' : 'Project name'}
      help="Under this name you can make more workspaces of the same kind."
      value={draft.name}
      error={errors.name ?? null}
      onChange={(text) => onChange({ name: text })}
    />
  );
  const isWrong = (fields: readonly string[]) =>
    Object.keys(errors).some((path) => fields.some((field) => path.startsWith(field)));
  const isAdvancedWrong = isWrong(advancedFields);
  const isAppWrong = isWrong(appSectionFields);
  // A runtime that the host does not have stays visible while it is chosen, so that the choice can be seen and changed.
  const offered = runtimes.includes(draft.runtime) ? runtimes : [...runtimes, draft.runtime];
  return (
    <div className="flex flex-col gap-4">
      {isNameFirst && name}
      <div className="flex items-start gap-2">
        <TextField
          className="flex-1"
          label="Image"
          isCode
          placeholder="debian:12"
          help="Any image reference. It is pulled if the host does not have it."
          value={draft.image}
          error={errors.image ?? null}
          onChange={(image) => onChange({ image })}
        />
        {images.length > 0 && (
          <span className="mt-[21px]">
            <Menu
              align="end"
              trigger={<Button icon={ListPlus}>On this host</Button>}
              entries={images.map((reference) => ({
                kind: 'item',
                id: reference,
                label: reference,
                run: () => onChange({ image: reference }),
              }))}
            />
          </span>
        )}
      </div>
      <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
        <TextField
          label="Processors"
          isOptional
          inputMode="decimal"
          help="Whole or part, as 0.5. Empty: all of the host’s."
          value={draft.cpus}
          error={errors['limits.cpus'] ?? null}
          onChange={(cpus) => onChange({ cpus })}
        />
        <TextField
          label="Memory"
          isOptional
          help="As 512 MiB or 2 GiB. Empty: no limit."
          value={draft.memory}
          error={errors['limits.memoryBytes'] ?? null}
          onChange={(memory) => onChange({ memory })}
        />
      </div>
      {/* Opened anew when something in it is wrong; open from the start where a template filled it. */}
      <Disclosure
        key={isAppWrong ? 'apps-wrong' : 'apps'}
        label="Desktop, apps and password"
        isOpenAtFirst={isAppWrong || isAppSectionUsed(draft)}
      >
        <div className="border-l border-line pl-4">
          <AppSection draft={draft} errors={errors} onChange={onChange} />
        </div>
      </Disclosure>
      <Disclosure key={isAdvancedWrong ? 'wrong' : 'fine'} label="Advanced" isOpenAtFirst={isAdvancedWrong}>
        <div className="flex flex-col gap-4 border-l border-line pl-4">
          {!isNameFirst && name}
          <TextArea
            label="Description"
            isOptional
            rows={2}
            help="What it is for, in your own words."
            value={draft.description}
            error={errors.description ?? null}
            onChange={(description) => onChange({ description })}
          />
          <Environment
            variables={draft.environment}
            errors={errors}
            onChange={(environment) => onChange({ environment })}
          />
          <TextField
            label="Mount point"
            isCode
            help="The folder inside whose files last. What is written elsewhere goes when the container is made again."
            value={draft.mountPoint}
            error={errors.mountPoint ?? null}
            onChange={(mountPoint) => onChange({ mountPoint })}
          />
          <RadioGroup
            label="Hardening"
            value={draft.profile}
            options={profileSentences}
            onChange={(profile) => onChange({ profile })}
          />
          <Select
            label="Runtime"
            value={draft.runtime}
            options={offered.map((value) => ({
              value,
              label: runtimeSentences[value].label,
              detail: runtimes.includes(value)
                ? runtimeSentences[value].detail
                : 'The chosen host does not have it',
            }))}
            error={runtimes.includes(draft.runtime) ? null : 'the chosen host does not have this runtime'}
            onChange={(runtime) => onChange({ runtime })}
          />
          <div className="grid grid-cols-2 gap-3 max-sm:grid-cols-1">
            <TextField
              label="Processes"
              inputMode="numeric"
              help="At most so many at once; stops a fork bomb."
              value={draft.pids}
              error={errors['limits.pids'] ?? null}
              onChange={(pids) => onChange({ pids })}
            />
            <TextField
              label="Shell"
              isOptional
              isCode
              placeholder="/bin/bash"
              help="For terminals. Empty: bash, else sh."
              value={draft.shell}
              error={errors.shell ?? null}
              onChange={(shell) => onChange({ shell })}
            />
          </div>
        </div>
      </Disclosure>
    </div>
  );
}

function Environment(props: {
  readonly variables: readonly DraftVariable[];
  readonly errors: DraftErrors;
  readonly onChange: (variables: readonly DraftVariable[]) => void;
}) {
  const { variables, errors, onChange } = props;
  const lastKey = useRef(0);
  const change = (index: number, part: Partial<DraftVariable>) =>
    onChange(variables.map((each, place) => (place === index ? { ...each, ...part } : each)));
  return (
    <fieldset className="m-0 flex min-w-0 flex-col gap-2 border-0 p-0">
      <legend className="p-0 text-meta font-medium">Environment</legend>
      {variables.map((variable, index) => (
        <div key={variable.key} className="flex items-start gap-2">
          <TextField
            className="w-2/5"
            label={`Name of variable ${index + 1}`}
            isLabelHidden
            isCode
            placeholder="NAME"
            value={variable.name}
            error={errors[`environment.${variable.key}`] ?? null}
            onChange={(name) => change(index, { name })}
          />
          <TextField
            className="flex-1"
            label={`Value of variable ${index + 1}`}
            isLabelHidden
            isCode
            placeholder="value"
            value={variable.value}
            onChange={(value) => change(index, { value })}
          />
          <IconButton
            label={`Remove variable ${variable.name === '' ? index + 1 : variable.name}`}
            icon={Trash2}
            onClick={() => onChange(variables.filter((_each, place) => place !== index))}
          />
        </div>
      ))}
      <div className="flex flex-wrap items-center gap-3">
        <Button
          icon={Plus}
          disabled={variables.length >= 128}
          reason="At most 128 variables"
          onClick={() => {
            lastKey.current += 1;
            onChange([...variables, { key: `n${lastKey.current}`, name: '', value: '' }]);
          }}
        >
          Add variable
        </Button>
        <span className="min-w-0 flex-1 text-meta text-muted">
          Kept in the open and readable by every program inside. Put no passwords here.
        </span>
      </div>
    </fieldset>
  );
}
