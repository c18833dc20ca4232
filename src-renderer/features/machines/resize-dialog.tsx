/** Another size for a machine: those on offer in its region, with prices; what cannot be undone is said where it is chosen. */
import { useState } from 'react';
import type { CloudSize } from '#contract/clouds.ts';
import type { Machine } from '#contract/machines.ts';
import { Checkbox, RadioGroup } from '../../components/choices.tsx';
import { formatBytes } from '../../components/format.ts';
import { useClient } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { MachineForm } from './machine-form.tsx';
import { sizeWords } from './machine-words.ts';
import { priceWords, resizeChoices, sizeLabel, sizePrice } from './offer-choices.ts';
import { NewPrices, OfferPart } from './offer-part.tsx';
import { useOffer } from './use-offer.ts';

export function ResizeDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const client = useClient();
  const offer = useOffer(machine.cloudId);
  const [sizeId, setSizeId] = useState('');
  const [growsDisk, setGrowsDisk] = useState(false);
  const act = useAct();
  const sizes = offer.answer === null ? [] : resizeChoices(offer.answer, machine);
  const size = sizes.find(({ id }) => id === sizeId);
  const canGrow = size !== undefined && machine.diskBytes !== null && size.diskBytes > machine.diskBytes;
  return (
    <MachineForm
      title={`Resize ${machine.name}`}
      description={`Now: ${sizeWords(machine)}, ${priceWords(machine)}.`}
      verb="Resize machine"
      failure="The machine was not resized"
      missing={size === undefined ? 'Choose a size first' : null}
      act={act}
      failureActions={act.error?.code === 'cloud.price-changed' && <NewPrices offer={offer} />}
      onSubmit={async () => {
        if (size === undefined) return;
        await client.call('machines.resize', {
          ...{ id: machine.id, size: size.id, hourlyUsd: size.hourlyUsd },
          growsDisk: canGrow && growsDisk,
        });
      }}
      onClose={onClose}
    >
      <p className="text-muted">
        It is switched off for some minutes: what runs on it ends, and comes back when it is on again. Its
        files and its address stay.
      </p>
      <OfferPart offer={offer}>
        {(answer) =>
          sizes.length === 0 ? (
            <p>No other size that fits its disk can be had in its region now.</p>
          ) : (
            <SizeList
              sizes={sizes}
              priceOf={(each) => sizePrice(each, machine, answer)}
              value={sizeId}
              onChange={setSizeId}
            />
          )
        }
      </OfferPart>
      {canGrow && (
        <Checkbox
          label={`Grow its disk to ${formatBytes(size.diskBytes)} as well`}
          help="This cannot be undone: a disk that grew never shrinks, so no smaller size fits it from then on. Without it the disk stays as it is, and the size can be taken back."
          isChecked={growsDisk}
          onChange={setGrowsDisk}
        />
      )}
    </MachineForm>
  );
}

export function SizeList(props: {
  readonly sizes: readonly CloudSize[];
  readonly priceOf: (size: CloudSize) => string;
  readonly value: string;
  readonly onChange: (id: string) => void;
}) {
  return (
    <div className="-mx-1 max-h-64 overflow-y-auto px-1">
      <RadioGroup
        label="Size"
        value={props.value}
        onChange={props.onChange}
        options={props.sizes.map((size) => ({
          value: size.id,
          label: sizeLabel(size),
          help: props.priceOf(size),
        }))}
      />
    </div>
  );
}
