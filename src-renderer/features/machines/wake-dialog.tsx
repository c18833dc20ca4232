/** Rents a machine for one that sleeps: as before, or elsewhere, or of another size, with the price that will be paid. */
import { useState } from 'react';
import type { CloudOffer } from '#contract/clouds.ts';
import type { Machine } from '#contract/machines.ts';
import { Checkbox } from '../../components/choices.tsx';
import { formatPerMonth } from '../../components/money.ts';
import { Select } from '../../components/select.tsx';
import { useClient } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { MachineForm } from './machine-form.tsx';
import { sizesIn, sizeLabel, sizePrice } from './offer-choices.ts';
import { NewPrices, OfferPart } from './offer-part.tsx';
import { useOffer } from './use-offer.ts';

export function WakeDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const client = useClient();
  const offer = useOffer(machine.cloudId);
  const [regionId, setRegionId] = useState<string>(machine.region);
  const [sizeId, setSizeId] = useState<string>(machine.size);
  const [keepsSnapshot, setKeepsSnapshot] = useState(false);
  const act = useAct();
  const isWhole = machine.sleep?.place.kind === 'machine-snapshot';
  const sizes = offer.answer === null ? [] : fittingSizes(offer.answer, machine, regionId);
  const size = sizes.find(({ id }) => id === sizeId) ?? sizes[0];
  const isOther = size !== undefined && size.id !== machine.size;
  return (
    <MachineForm
      title={`Wake ${machine.name}`}
      description="A machine is rented, and everything comes back under the same names, keys and ids. What is kept stays until that is proved."
      verb="Wake machine"
      failure="The machine was not woken"
      missing={size === undefined ? 'Nothing fits in this region' : null}
      act={act}
      failureActions={act.error?.code === 'cloud.price-changed' && <NewPrices offer={offer} />}
      onSubmit={async () => {
        if (size === undefined) return;
        await client.call('machines.wake', {
          id: machine.id,
          region: regionId === machine.region ? null : regionId,
          size: isOther ? size.id : null,
          hourlyUsd: size.hourlyUsd,
          keepsSnapshot: isWhole && keepsSnapshot,
        });
      }}
      onClose={onClose}
    >
      <OfferPart offer={offer}>
        {(answer) => (
          <>
            <Select
              label="Region"
              value={regionId}
              options={answer.regions
                .filter(({ id, isOpen }) => isOpen || id === machine.region)
                .map(({ id, name }) => ({
                  value: id,
                  label: name,
                  ...(id === machine.region ? { detail: 'as before' } : {}),
                }))}
              onChange={setRegionId}
              {...(isWhole && regionId !== machine.region
                ? { help: 'A snapshot of the whole disk is brought there first, which takes longer.' }
                : {})}
            />
            {size === undefined ? (
              <p>No size that its disk fits on can be had there now. Choose another region.</p>
            ) : (
              <Select
                label="Size"
                value={size.id}
                options={sizes.map((each) => ({
                  value: each.id,
                  label: sizeLabel(each),
                  detail: `${sizePrice(each, machine, answer)}${each.id === machine.size ? '; as before' : ''}`,
                }))}
                onChange={setSizeId}
                {...(sizeId === size.id
                  ? {}
                  : {
                      help: 'The size that it had cannot be had there now: this is the cheapest that fits.',
                    })}
              />
            )}
            {isWhole && (
              <Checkbox
                label="Keep the snapshot that it slept in"
                help={
                  machine.sleep?.monthlyUsd == null
                    ? 'It goes on costing. Without this it is destroyed once everything is back.'
                    : `It goes on costing ${formatPerMonth(machine.sleep.monthlyUsd)}. Without this it is destroyed once everything is back.`
                }
                isChecked={keepsSnapshot}
                onChange={setKeepsSnapshot}
              />
            )}
            {size !== undefined && (
              <p className="tabular" role="status">
                Awake it costs {sizePrice(size, machine, answer)}, from the moment that it is made.
              </p>
            )}
          </>
        )}
      </OfferPart>
    </MachineForm>
  );
}

/** Those that its disk fits on; the one that it had is always among them, where it is on offer. */
function fittingSizes(offer: CloudOffer, machine: Machine, region: string) {
  const needsDisk = machine.sleep?.place.kind === 'machine-snapshot';
  return sizesIn(offer, region).filter(
    ({ id, diskBytes }) =>
      id === machine.size || !needsDisk || machine.diskBytes === null || diskBytes >= machine.diskBytes,
  );
}
