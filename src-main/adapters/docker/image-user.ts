/**
 * Which user a workspace runs as, read from what the image says and from its own passwd and group files. Pure.
 * Sources: passwd(5), group(5); Dockerfile reference, USER.
 */
import type { HardeningProfile } from '#contract/projects.ts';
import type { ContainerUser } from './workspace-container.ts';

export interface ImageUserFacts {
  /** `Config.User` of the image: empty, `dev`, `1000`, `dev:staff`, `1000:1000`. */
  readonly user: string;
  /** Contents of /etc/passwd and /etc/group in the image; empty when there is none. */
  readonly passwd: string;
  readonly group: string;
}

/** Of an ordinary first user on nearly every Linux. */
const ORDINARY_ID = 1000;

/** `root-inside` is root; the others are the image's own user, unless that is root or none: then 1000:1000. */
export function chooseUser(profile: HardeningProfile, facts: ImageUserFacts): ContainerUser {
  if (profile === 'root-inside') return numeric(0, 0, facts, '0:0');
  const [userPart = '', groupPart = ''] = facts.user.trim().split(':', 2);
  if (userPart === '') return numeric(ORDINARY_ID, ORDINARY_ID, facts);
  const isNumber = /^[0-9]{1,10}$/.test(userPart);
  const entry = isNumber
    ? findUser(facts.passwd, (fields) => Number(fields[2]) === Number(userPart))
    : findUser(facts.passwd, (fields) => fields[0] === userPart);
  const uid = isNumber ? Number(userPart) : idOf(entry?.[2]);
  // By number: a second name for uid 0 is root too.
  if (uid === 0) return numeric(ORDINARY_ID, ORDINARY_ID, facts);
  const gid =
    groupPart === '' ? (idOf(entry?.[3]) ?? (isNumber ? 0 : undefined)) : findGroup(facts.group, groupPart);
  return { user: facts.user.trim(), uid, gid, home: entry?.[5] || null };
}

function numeric(
  uid: number,
  gid: number,
  { passwd }: ImageUserFacts,
  user = `${uid}:${gid}`,
): ContainerUser {
  const entry = findUser(passwd, (fields) => Number(fields[2]) === uid && fields[2] !== '');
  return { user, uid, gid, home: entry?.[5] || null };
}

function findUser(passwd: string, isWanted: (fields: readonly string[]) => boolean): string[] | undefined {
  return passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find((fields) => fields.length >= 6 && isWanted(fields));
}

function findGroup(group: string, part: string): number | undefined {
  if (/^[0-9]{1,10}$/.test(part)) return Number(part);
  const fields = group
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === part);
  return idOf(fields?.[2]);
}

function idOf(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,10}$/.test(text) ? Number(text) : undefined;
}
