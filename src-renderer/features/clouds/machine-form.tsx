/** The one form of a new machine. Its price, with everything that is chosen, always stands beside the one button. */
import { ListX } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import type { BerthError } from '#contract/berth-error.ts';
import { type Cloud, type CloudOffer, withBackups } from '#contract/clouds.ts';
import { Button } from '../../components/button.tsx';
import { EmptyState } from '../../components/empty-state.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { useFirstInvalid } from '../../components/first-invalid.ts';
import { formatPerHour, formatPerMonth } from '../../components/money.ts';
import { Section } from '../../components/page.tsx';
import { Select } from '../../components/select.tsx';
import { TextField } from '../../components/text-field.tsx';
import { useClient, useMachines } from '../../state/app-context.tsx';
import { fieldErrors } from '../../state/field-errors.ts';
import { useAct } from '../../state/use-act.ts';
import {
  firstImage,
  firstRegion,
  firstSize,
  freeMachineName,
  imageRows,
  nextChoices,
  regionRows,
  sizeProblem,
} from './machine-choice.ts';
import { atFields, type DraftErrors, type MachineDraft, readMachineDraft } from './machine-draft.ts';
import { AccessFields, EndFields, ExtraFields, TroubleFields } from './machine-options.tsx';
import { MakingLine } from './making-line.tsx';
import { NextChoices } from './next-choices.tsx';
import { SizeTable } from './size-table.tsx';
import type { Making } from './use-making.ts';

export interface MachineFormProps {
  readonly cloud: Cloud;
  readonly offer: CloudOffer;
  readonly isOfferAsked: boolean;
  readonly words: { readonly name: string; readonly machineWord: string };
  readonly draft: MachineDraft;
  readonly making: Making;
  readonly onDraft: (change: Partial<MachineDraft>) => void;
  readonly onOfferAgain: () => void;
}

const nameCodes: ReadonlySet<string> = new Set(['machine.name-taken', 'host.name-taken']);
const offerCodes: ReadonlySet<string> = new Set(['cloud.not-offered', 'cloud.price-changed']);
const noErrors: DraftErrors = {};

/** What the plane answered, at the fields that it is about. */
function answeredErrors(error: BerthError | null): DraftErrors {
  if (error === null) return noErrors;
  if (nameCodes.has(error.code)) return { name: error.message };
  const { field } = error.details;
  if (error.code === 'cloud.not-offered' && field === 'size') return noErrors;
  return typeof field === 'string' ? atFields({ [field]: error.message }) : atFields(fieldErrors(error));
}

export function MachineForm(props: MachineFormProps) {
  const { cloud, offer, words, draft, making, onDraft, onOfferAgain } = props;
  const client = useClient();
  const machines = useMachines().items;
  const act = useAct();
  const [typed, setTyped] = useState<DraftErrors>(noErrors);
  const [seenUsd, setSeenUsd] = useState<number | null>(null);
  const form = useRef<HTMLFormElement>(null);

  const last = machines.toSorted((a, b) => b.createdAt.localeCompare(a.createdAt))[0];
  const region =
    offer.regions.find(({ id }) => id === draft.region) ??
    firstRegion(offer, last?.cloudId === cloud.id ? last.region : undefined);
  const image = offer.images.find(({ id }) => id === draft.image) ?? firstImage(offer, region);
  const size = offer.sizes.find(({ id }) => id === draft.size) ?? firstSize(offer, { region, image });
  const taken = useMemo(() => new Set(machines.map(({ name }) => name)), [machines]);
  const name = draft.name ?? freeMachineName(region?.id, taken);
  const price = size === undefined ? null : withBackups(size, draft.hasBackups ? offer.backupShare : 0);

  const wrongSize = size === undefined ? null : sizeProblem(size, region, image);
  const wrongImage =
    image !== undefined && region !== undefined && !image.regions.includes(region.id)
      ? `is not in ${region.name}`
      : null;
  const isBusy = act.isBusy || making.isWaiting;
  const error = act.error ?? making.error;
  const errors = useMemo(() => ({ ...typed, ...answeredErrors(error) }), [typed, error]);
  useFirstInvalid(form, errors);

  if (region === undefined || offer.sizes.length === 0)
    return (
      <EmptyState
        icon={ListX}
        title="Nothing is on offer now"
        actions={<Button onClick={onOfferAgain}>Ask again</Button>}
      >
        The account was told of no open region and no size. The token may not see them, or the provider has a
        pause.
      </EmptyState>
    );

  const forget = () => {
    setTyped(noErrors);
    act.forget();
    making.forget();
  };
  const change = (next: Partial<MachineDraft>) => {
    onDraft(next);
    forget();
  };
  const create = () => {
    if (price === null || wrongSize !== null || wrongImage !== null) return;
    const chosen = { cloudId: cloud.id, name, region: region.id, size: size?.id, image: image?.id };
    // The plane compares the price of the size; what backups add follows from it.
    const read = readMachineDraft(draft, { ...chosen, hourlyUsd: size?.hourlyUsd ?? 0 }, Date.now());
    forget();
    if ('errors' in read) return setTyped(read.errors);
    setSeenUsd(price.hourlyUsd);
    void act.run(async () => {
      try {
        making.begin(await client.call('machines.create', read.input));
      } catch (cause) {
        // What is on offer is not what is shown here any more.
        if (cause instanceof Error && 'code' in cause && offerCodes.has(String(cause.code))) onOfferAgain();
        throw cause;
      }
    });
  };
  // What comes near is offered in a note below the sizes, which says it of the size itself.
  const isOtherOffer = error?.code === 'cloud.not-offered';
  const isAtField = !isOtherOffer && Object.keys(answeredErrors(error)).length > 0;
  const isDearer = price !== null && !props.isOfferAsked && price.hourlyUsd !== seenUsd;
  const choices = isOtherOffer && size !== undefined ? nextChoices(offer, { region, size }, image) : [];

  const note = error !== null && !isAtField && (
    <div ref={intoView}>
      <ErrorNote
        title={
          error.code === 'cloud.price-changed'
            ? 'The price has changed'
            : `The ${words.machineWord} was not created`
        }
        error={error}
      >
        {error.code === 'cloud.price-changed' && isDearer && (
          <p>
            You saw {formatPerHour(seenUsd)}; now it is {formatPerHour(price.hourlyUsd)}. Nothing was made:
            press the button again if that is all right.
          </p>
        )}
        <NextChoices
          choices={choices}
          wished={region}
          onChoose={(choice) => change({ region: choice.region.id, size: choice.size.id })}
        />
      </ErrorNote>
    </div>
  );

  return (
    <form
      ref={form}
      noValidate
      className="flex flex-col gap-7"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isBusy) create();
      }}
    >
      <div className="grid grid-cols-3 items-start gap-x-4 gap-y-3 max-md:grid-cols-1">
        <TextField
          label="Name"
          help="Of the host, and its own host name."
          isCode
          value={name}
          error={errors.name ?? null}
          onChange={(next) => change({ name: next })}
        />
        <Select
          label="Region"
          value={region.id}
          options={regionRows(offer).map(({ item, problem }) => ({
            value: item.id,
            label: item.name,
            detail: problem === null ? item.id : `${item.id}, ${problem}`,
            isDisabled: problem !== null,
          }))}
          error={errors.region ?? null}
          onChange={(id) => change({ region: id })}
        />
        <Select
          label="Image"
          value={image?.id ?? ''}
          options={imageRows(offer, region).map(({ item, problem }) => ({
            value: item.id,
            label: item.name,
            isDisabled: problem !== null,
            ...imageDetail(item, problem),
          }))}
          help={
            image === undefined || image.isSupported
              ? 'Berth’s set-up is known to work on it.'
              : 'Berth’s set-up is not known to work on it: it may end with a question to you.'
          }
          error={errors.image ?? wrongImage}
          onChange={(id) => change({ image: id })}
        />
      </div>

      <Section title="Size">
        <SizeTable
          offer={offer}
          region={region}
          image={image}
          chosen={size}
          error={
            errors.size ?? (wrongSize === null ? null : `${size?.id ?? ''} is ${wrongSize}: choose another`)
          }
          onChoose={(id) => change({ size: id })}
        />
      </Section>
      {isOtherOffer && note}
      <ExtraFields draft={draft} errors={errors} backupShare={offer.backupShare} onChange={change} />
      <AccessFields draft={draft} errors={errors} onChange={change} />
      <EndFields draft={draft} errors={errors} onChange={change} />
      <TroubleFields draft={draft} errors={errors} onChange={change} machineWord={words.machineWord} />

      {!isOtherOffer && note}

      <footer className="sticky bottom-0 z-10 -mx-6 -mb-12 flex flex-wrap items-center justify-between gap-x-6 gap-y-2 border-t border-line bg-panel px-6 py-3 max-sm:-mx-4 max-sm:px-4">
        <p className="tabular min-w-0" aria-live="polite">
          {price === null ? (
            <span className="text-muted">Choose a size to see its price.</span>
          ) : (
            <>
              <span className="text-lead font-semibold">{formatPerHour(price.hourlyUsd)}</span>{' '}
              <span className="text-muted">
                · {formatPerMonth(price.monthlyUsd)}
                {draft.hasBackups && ', with backups'}
              </span>
            </>
          )}
        </p>
        {making.isWaiting && (
          <MakingLine making={making} provider={words.name} className="order-first w-full justify-between" />
        )}
        <Button
          type="submit"
          variant="primary"
          isBusy={isBusy || props.isOfferAsked}
          disabled={price === null || wrongSize !== null || wrongImage !== null}
          reason={
            wrongImage === null
              ? 'Choose a size that is on offer first'
              : 'Choose an image that is there first'
          }
        >
          {price === null ? 'Create' : `Create for ${formatPerHour(price.hourlyUsd)}`}
        </Button>
      </footer>
    </form>
  );
}

function intoView(box: HTMLDivElement | null): void {
  // Newer browsers return a promise here, which a ref must not.
  box?.scrollIntoView({ block: 'center' });
}

const kindWords = { distribution: null, snapshot: 'a snapshot of yours', backup: 'a backup' } as const;

function imageDetail(
  { kind, isSupported }: CloudOffer['images'][number],
  problem: string | null,
): { detail?: string } {
  const parts = [kindWords[kind], problem ?? (isSupported ? null : 'set-up not known to work on it')].filter(
    (part) => part !== null,
  );
  return parts.length === 0 ? {} : { detail: parts.join(', ') };
}
