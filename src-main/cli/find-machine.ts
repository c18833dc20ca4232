/** Which account, machine or find is meant: by name or id, never guessed between two. */
import type { Cloud, CloudOffer, FoundResource } from '#contract/clouds.ts';
import type { Machine } from '#contract/machines.ts';
import { readAll } from './collections.ts';
import type { Context } from './command.ts';
import { CommandFailure } from './failure.ts';

interface Kind {
  /** In a sentence, as `machine`. */
  readonly noun: string;
  /** What shows them all. */
  readonly list: string;
}

/** @throws CommandFailure that lists the choices, or says that there is none. */
function pick<T extends { readonly id: string }>(
  word: string,
  all: readonly T[],
  nameOf: (one: T) => string,
  { noun, list }: Kind,
): T {
  const byId = all.find(({ id }) => id === word);
  if (byId !== undefined) return byId;
  const [found, ...others] = all.filter((one) => nameOf(one) === word);
  if (found === undefined)
    throw new CommandFailure(`There is no ${noun} "${word}". These are there: ${list}`, {
      code: 'not-found',
      message: '',
      details: {},
    });
  if (others.length === 0) return found;
  const choices = [found, ...others].map(({ id }) => `  ${id}`);
  throw new CommandFailure([`Several are called "${word}". Say which:`, ...choices].join('\n'), {
    code: 'conflict',
    message: '',
    details: {},
  });
}

export function pickCloud(word: string, clouds: readonly Cloud[]): Cloud {
  return pick(word, clouds, ({ label }) => label, { noun: 'account', list: 'berth cloud list' });
}

/** The account that is meant, or the only one. @throws CommandFailure */
export function cloudOrOnly(word: string | undefined, clouds: readonly Cloud[]): Cloud {
  if (word !== undefined) return pickCloud(word, clouds);
  const [only, ...others] = clouds;
  if (only === undefined)
    throw new CommandFailure('There is no account at a provider. Connect one: berth cloud connect <name>');
  if (others.length === 0) return only;
  throw new CommandFailure(
    ['There are several accounts. Say which: --cloud CLOUD', ...clouds.map(({ label }) => `  ${label}`)].join(
      '\n',
    ),
  );
}

export function pickFound(word: string, all: readonly FoundResource[]): FoundResource {
  return pick(word, all, ({ name }) => name, { noun: 'find', list: 'berth cloud finds' });
}

export async function findMachine({ client }: Context, word: string): Promise<Machine> {
  const machines = await readAll(client, 'machines.watch');
  return pick(word, machines, ({ name }) => name, { noun: 'machine', list: 'berth machine list' });
}

/** What a size costs there now. @throws CommandFailure with those that can be had. */
export function sizeOnOffer(offer: CloudOffer, region: string, size: string): CloudOffer['sizes'][number] {
  const found = offer.sizes.find(({ id, regions }) => id === size && regions.includes(region));
  if (found !== undefined) return found;
  const there = offer.sizes.filter(({ regions }) => regions.includes(region)).map(({ id }) => `  ${id}`);
  throw new CommandFailure(
    there.length === 0
      ? `Nothing is on offer in "${region}". Open regions: ${openRegions(offer).join(', ')}`
      : [`"${size}" is not on offer in "${region}". These are:`, ...there].join('\n'),
    { code: 'cloud.not-offered', message: '', details: {} },
  );
}

export function openRegions(offer: CloudOffer): string[] {
  return offer.regions.filter(({ isOpen }) => isOpen).map(({ id }) => id);
}
