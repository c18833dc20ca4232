/** A fresh system in place of a machine's disk. Everything on it is gone, so its name is typed. */
import { useState } from 'react';
import type { Machine } from '#contract/machines.ts';
import { Select } from '../../components/select.tsx';
import { useClient, useWorkspaces } from '../../state/app-context.tsx';
import { useAct } from '../../state/use-act.ts';
import { MachineForm, NameField } from './machine-form.tsx';
import { isNameTyped } from './machine-words.ts';
import { imageChoices } from './offer-choices.ts';
import { OfferPart } from './offer-part.tsx';
import { PlanLines } from './plan-lines.tsx';
import { useOffer } from './use-offer.ts';

export function RebuildDialog({ machine, onClose }: { machine: Machine; onClose: () => void }) {
  const client = useClient();
  const offer = useOffer(machine.cloudId);
  const workspaces = useWorkspaces().items.filter(({ hostId }) => hostId === machine.hostId);
  const [chosen, setChosen] = useState<string | null>(null);
  const [typed, setTyped] = useState('');
  const act = useAct();
  const images = offer.answer === null ? [] : imageChoices(offer.answer, machine);
  const image = images.find(({ id }) => id === (chosen ?? machine.image)) ?? images[0];
  return (
    <MachineForm
      title={`Rebuild ${machine.name}?`}
      description="Its disk is replaced by a fresh system. Everything on it is gone."
      verb="Rebuild machine"
      failure="The machine was not rebuilt"
      isDangerous
      missing={
        image === undefined
          ? 'No system to build it from'
          : isNameTyped(typed, machine.name)
            ? null
            : 'Type the name first'
      }
      act={act}
      onSubmit={async () => {
        if (image !== undefined)
          await client.call('machines.rebuild', {
            ...{ id: machine.id, image: image.id, name: machine.name },
          });
      }}
      onClose={onClose}
    >
      <OfferPart offer={offer}>
        {() =>
          image === undefined ? (
            <p>No system that fits it is on offer in its region now.</p>
          ) : (
            <Select
              label="System"
              value={image.id}
              options={images.map((each) => ({
                value: each.id,
                label: each.name,
                detail:
                  each.kind === 'distribution'
                    ? each.isSupported
                      ? 'fresh'
                      : 'fresh; Berth’s set-up is not known to work on it'
                    : each.kind,
              }))}
              onChange={setChosen}
              {...(image.isSupported
                ? {}
                : { help: 'Berth’s set-up is not known to work on it: it may end without an engine.' })}
            />
          )
        }
      </OfferPart>
      <PlanLines
        title="Gone for good"
        kind="goes"
        lines={[
          { key: 'disk', text: 'Everything on its disk' },
          ...workspaces.map(({ id, name }) => ({ key: id, text: `The workspace ${name}, with its files` })),
        ]}
      />
      <PlanLines
        title="Kept"
        kind="stays"
        lines={[{ key: 'rest', text: 'Its name, address, size and price; snapshots of the whole machine' }]}
      />
      <NameField name={machine.name} value={typed} onChange={setTyped} />
    </MachineForm>
  );
}
