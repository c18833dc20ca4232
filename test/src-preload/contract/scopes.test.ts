/**
 * Who may call what, and whose things it reaches: every method, decided one by one. A method that is not here has not been
 * thought about; a scope that changes in the contract alone is a decision that nobody took.
 */
import { describe, expect, it } from 'vitest';
import type { Method } from '#contract/contract.ts';
import { contract, type MethodName } from '#contract/index.ts';
import { roles, type Scope, scopesOfRole } from '#contract/scopes.ts';

/**
 * `own`: the caller's own things, by the gate and by the watchers' view. `self`: the caller, by who calls. `hosts`: what
 * everybody shares and sees. `power`: over a host, or the computer that Berth runs on, as a whole: it needs hosts.write or a
 * scope that owners alone have. `people`: everybody's accounts. `nothing`: pure words.
 */
type Reaches = 'own' | 'self' | 'hosts' | 'power' | 'people' | 'nothing';

const decisions: { readonly [M in MethodName]: readonly [Scope, Reaches, because?: string] } = {
  'about.get': ['settings.read', 'self'],

  'hosts.watch': ['hosts.read', 'hosts'],
  'hosts.images': ['hosts.read', 'hosts', 'images are the host’s, and no image is made of a workspace'],
  'hosts.wake': ['hosts.read', 'hosts', 'changes nothing that a person decides; once a second at most'],
  'hosts.candidates': [
    'hosts.write',
    'power',
    'reads the SSH configuration and agent of Berth’s own computer',
  ],
  'hosts.interpret': ['hosts.write', 'power', 'says what that configuration makes of a name'],
  'hosts.doctor': [
    'hosts.write',
    'power',
    'runs commands as Berth’s login, and lists what is weak about a host',
  ],
  'hosts.test': ['hosts.write', 'power'],
  'hosts.add': ['hosts.write', 'power'],
  'hosts.edit': ['hosts.write', 'power'],
  'hosts.remove': ['hosts.write', 'power'],
  'hosts.connect': ['hosts.write', 'power'],
  'hosts.disconnect': ['hosts.write', 'power'],
  'hosts.replaceKey': ['hosts.write', 'power'],
  'questions.watch': ['hosts.write', 'power', 'a question asks for a host’s password'],
  'questions.answer': ['hosts.write', 'power'],

  // What costs is for who pays.
  'clouds.providers': ['machines.read', 'power'],
  'clouds.watch': ['machines.read', 'power'],
  'clouds.connect': ['machines.write', 'power'],
  'clouds.replaceToken': ['machines.write', 'power'],
  'clouds.edit': ['machines.write', 'power'],
  'clouds.check': ['machines.write', 'power'],
  'clouds.disconnect': ['machines.write', 'power'],
  'clouds.offer': ['machines.read', 'power'],
  'clouds.costs': ['machines.read', 'power'],
  'clouds.found': ['machines.read', 'power'],
  'clouds.adoptFound': ['machines.write', 'power'],
  'clouds.destroyFound': ['machines.write', 'power'],
  'clouds.dismissFound': ['machines.write', 'power'],
  'machines.watch': ['machines.read', 'power'],
  'machines.create': ['machines.write', 'power'],
  'machines.decide': ['machines.write', 'power'],
  'machines.finish': ['machines.write', 'power'],
  'machines.setEnd': ['machines.write', 'power'],
  'machines.power': ['machines.write', 'power'],
  'machines.resize': ['machines.write', 'power'],
  'machines.rebuild': ['machines.write', 'power'],
  'machines.rename': ['machines.write', 'power'],
  'machines.setBackups': ['machines.write', 'power'],
  'machines.setSshAccess': ['machines.write', 'power'],
  'machines.snapshots': ['machines.read', 'power'],
  'machines.takeSnapshot': ['machines.write', 'power'],
  'machines.restoreSnapshot': ['machines.write', 'power'],
  'machines.destroySnapshot': ['machines.write', 'power'],
  'machines.destroyPlan': ['machines.read', 'power'],
  'machines.destroy': ['machines.write', 'power'],
  'machines.forget': ['machines.write', 'power'],
  'machines.hibernatePlan': ['machines.read', 'power'],
  'machines.hibernate': ['machines.write', 'power'],
  'machines.wake': ['machines.write', 'power'],

  'credentials.watch': ['credentials.read', 'power'],
  'credentials.store': ['credentials.read', 'power'],
  'credentials.add': ['credentials.write', 'power'],
  'credentials.replace': ['credentials.write', 'power'],
  'credentials.remove': ['credentials.write', 'power'],
  'credentials.createVault': ['credentials.write', 'power'],
  'credentials.unlockVault': ['credentials.write', 'power'],
  'credentials.lockVault': ['credentials.write', 'power'],

  'projects.watch': ['projects.read', 'own'],
  'projects.create': ['projects.write', 'own'],
  'projects.edit': ['projects.write', 'own'],
  'projects.remove': ['projects.write', 'own'],
  'projects.templates': ['projects.read', 'nothing'],
  'projects.buildImage': ['hosts.write', 'power', 'images are the host’s'],

  'workspaces.watch': ['workspaces.read', 'own'],
  'workspaces.create': ['workspaces.write', 'own'],
  'workspaces.ensure': ['workspaces.write', 'own', 'a project of it needs projects.write as well'],
  'workspaces.revealPassword': ['workspaces.write', 'own'],
  'workspaces.changePassword': ['workspaces.write', 'own'],
  'workspaces.start': ['workspaces.write', 'own'],
  'workspaces.stop': ['workspaces.write', 'own'],
  'workspaces.restart': ['workspaces.write', 'own'],
  'workspaces.rename': ['workspaces.write', 'own'],
  'workspaces.fork': ['workspaces.write', 'own'],
  'workspaces.move': ['workspaces.write', 'own'],
  'workspaces.confirmMove': ['workspaces.write', 'own'],
  'workspaces.cancelMove': ['workspaces.write', 'own'],
  'workspaces.destroyPlan': ['workspaces.read', 'own'],
  'workspaces.destroy': ['workspaces.write', 'own'],
  'workspaces.forget': ['workspaces.write', 'own'],
  'workspaces.stats': ['workspaces.read', 'own'],
  'workspaces.logs': ['workspaces.read', 'own'],
  'workspaces.exec': ['terminals.write', 'own', 'what a shell there could run'],
  'workspaces.pathKind': ['workspaces.read', 'own'],
  'workspaces.readTree': ['workspaces.read', 'own'],
  'workspaces.writeTree': ['workspaces.write', 'own'],
  'workspaces.dial': ['workspaces.write', 'own'],
  'workspaces.keptVolumes': ['workspaces.read', 'own', 'by the owner on their label'],
  'workspaces.destroyVolume': ['workspaces.write', 'own', 'by the owner on its label'],

  'forwards.watch': ['workspaces.read', 'own'],
  'forwards.ports': ['workspaces.read', 'own'],
  'forwards.rules': ['workspaces.read', 'own'],
  'forwards.setRules': ['workspaces.write', 'own', 'local ports with hosts.write alone'],
  'forwards.create': ['workspaces.write', 'own', 'local ports with hosts.write alone'],
  'forwards.edit': ['workspaces.write', 'own'],
  'forwards.start': ['workspaces.write', 'own'],
  'forwards.stop': ['workspaces.write', 'own'],
  'forwards.restart': ['workspaces.write', 'own'],
  'forwards.remove': ['workspaces.write', 'own'],
  'forwards.open': ['workspaces.write', 'own'],
  'forwards.openPort': ['workspaces.write', 'own'],
  'forwards.probe': ['workspaces.write', 'own'],

  'files.start': ['workspaces.read', 'own', 'of hosts with hosts.write alone, as all below'],
  'files.list': ['workspaces.read', 'own'],
  'files.look': ['workspaces.read', 'own'],
  'files.read': ['workspaces.read', 'own'],
  'files.readFolder': ['workspaces.read', 'own'],
  'files.uploaded': ['workspaces.write', 'own'],
  'files.write': ['workspaces.write', 'own'],
  'files.discardUpload': ['workspaces.write', 'own'],
  'files.readText': ['workspaces.read', 'own'],
  'files.writeText': ['workspaces.write', 'own'],
  'files.makeFolder': ['workspaces.write', 'own'],
  'files.rename': ['workspaces.write', 'own'],
  'files.remove': ['workspaces.write', 'own'],
  'files.setPermissions': ['workspaces.write', 'own'],
  'files.copy': ['workspaces.write', 'own'],

  'lifecycles.watch': ['workspaces.read', 'own'],
  'lifecycles.setPolicy': ['workspaces.write', 'own'],
  'lifecycles.putOff': ['workspaces.write', 'own'],
  'lifecycles.timeline': ['workspaces.read', 'own'],
  'lifecycles.leases': ['hosts.read', 'hosts'],
  'lifecycles.installLease': ['hosts.write', 'power'],
  'lifecycles.removeLease': ['hosts.write', 'power'],

  'snapshots.watch': ['snapshots.read', 'own'],
  'snapshots.hosts': ['snapshots.read', 'hosts', 'sums over everybody, without a name'],
  'snapshots.undos': ['snapshots.read', 'own'],
  'snapshots.create': ['snapshots.write', 'own'],
  'snapshots.change': ['snapshots.write', 'own'],
  'snapshots.verify': ['snapshots.write', 'own'],
  'snapshots.destroy': ['snapshots.write', 'own'],
  'snapshots.browse': ['snapshots.read', 'own'],
  'snapshots.search': ['snapshots.read', 'own', 'over the caller’s own alone'],
  'snapshots.compare': ['snapshots.read', 'own'],
  'snapshots.restorePlan': ['snapshots.read', 'own'],
  'snapshots.restore': ['snapshots.write', 'own'],
  'snapshots.undoRestore': ['snapshots.write', 'own'],
  'snapshots.endUndo': ['snapshots.write', 'own'],
  'snapshots.read': ['snapshots.read', 'own'],
  'snapshots.putBack': ['snapshots.write', 'own'],
  'snapshots.export': ['snapshots.read', 'own'],
  'snapshots.import': ['snapshots.write', 'own', 'under an id that is of nothing, or of the caller’s own'],
  'snapshotRules.watch': ['snapshots.read', 'own'],
  'snapshotRules.set': ['snapshots.write', 'own'],
  'snapshotRules.explain': ['snapshots.read', 'nothing'],
  'snapshotRules.keepPlan': ['snapshots.read', 'own'],
  'snapshotRules.apply': ['snapshots.write', 'own'],
  'repositories.watch': ['snapshots.read', 'hosts', 'without where they are, for whoever lacks hosts.write'],
  'repositories.add': ['hosts.write', 'power', 'a helper with a folder of the host’s, or with its network'],
  'repositories.check': ['hosts.write', 'power'],
  'repositories.remove': ['hosts.write', 'power', 'forgets a key that everybody’s snapshots need'],

  'operations.watch': ['operations.read', 'own'],
  'operations.log': ['operations.read', 'own'],
  'operations.cancel': ['operations.write', 'own'],
  'operations.clear': ['operations.write', 'own'],

  'terminals.watch': ['terminals.read', 'own', 'those on hosts with hosts.write alone'],
  'terminals.open': ['terminals.write', 'own', 'on a host with hosts.write alone: see below'],
  'terminals.attach': ['terminals.write', 'own'],
  'terminals.measure': ['terminals.read', 'own'],
  'terminals.resize': ['terminals.write', 'own'],
  'terminals.rename': ['terminals.write', 'own'],
  'terminals.dropBacklog': ['terminals.write', 'own'],
  'terminals.close': ['terminals.write', 'own'],
  'terminals.share': ['terminals.write', 'own'],
  'terminals.shares': ['terminals.read', 'own'],
  'terminals.unshare': ['terminals.write', 'own'],
  'terminals.shared': ['terminals.read', 'own', 'for guests: the one terminal of their link'],

  'settings.watch': ['settings.read', 'self'],
  'settings.change': ['settings.write', 'self'],

  'account.watch': ['account.read', 'self'],
  'account.change': ['account.write', 'self'],
  'account.setUp': ['account.write', 'self'],
  'account.changePassword': ['account.write', 'self'],
  'account.beginSecondFactor': ['account.write', 'self'],
  'account.confirmSecondFactor': ['account.write', 'self'],
  'account.removeSecondFactor': ['account.write', 'self'],
  'account.sessions': ['account.read', 'self'],
  'account.endSession': ['account.write', 'self'],
  'account.signOutEverywhere': ['account.write', 'self'],
  'apiKeys.watch': ['account.read', 'self'],
  'apiKeys.create': ['account.write', 'self'],
  'apiKeys.remove': ['account.write', 'self'],

  'users.watch': ['users.read', 'people'],
  'users.invite': ['users.write', 'people'],
  'users.change': ['users.write', 'people'],
  'users.signOut': ['users.write', 'people'],
  'users.remove': ['users.write', 'people'],
  'audit.list': ['audit.read', 'people'],
};
const rows = Object.entries(decisions) as [MethodName, readonly [Scope, Reaches, string?]][];
const hostId = 'host_00000000000000000000';
const workspaceId = 'ws_00000000000000000000';

describe('every method', () => {
  it('is decided upon, and has the scope that was decided', () => {
    const declared = Object.entries(contract).map(([name, { scope }]) => [name, scope]);
    expect(Object.fromEntries(rows.map(([name, [scope]]) => [name, scope]))).toEqual(
      Object.fromEntries(declared),
    );
  });

  it.each(rows.filter(([, [, reaches]]) => reaches === 'power' || reaches === 'people'))(
    '%s is for owners alone',
    (_name, [scope]) => {
      expect(roles.filter((role) => scopesOfRole[role].has(scope))).toEqual(['owner']);
    },
  );

  it.each(rows.filter(([, [, reaches]]) => reaches !== 'power' && reaches !== 'people'))(
    '%s is for members, and for viewers where it changes nothing but of themselves',
    (_name, [scope, reaches]) => {
      expect(scopesOfRole.member.has(scope)).toBe(true);
      expect(scopesOfRole.viewer.has(scope)).toBe(scope.endsWith('.read') || reaches === 'self');
    },
  );

  it('needs more for a shell or files of a host and for ports of this computer, and only for that', () => {
    const further = Object.entries(contract as Record<string, Method>)
      .filter(([, method]) => method.alsoNeeds !== undefined)
      .map(([name]) => name);
    expect(further.filter((name) => !name.startsWith('files.'))).toEqual([
      'terminals.open',
      'forwards.setRules',
      'forwards.create',
    ]);
    expect(further.filter((name) => name.startsWith('files.'))).toEqual(
      Object.keys(contract).filter((name) => name.startsWith('files.')),
    );
    const place = (placeId: string) => contract['files.read'].alsoNeeds?.({ placeId } as never);
    expect(place(hostId)).toBe('hosts.write');
    expect(place(workspaceId)).toBeNull();
    const copy = (placeId: string, toId: string) =>
      contract['files.copy'].alsoNeeds?.({ placeId, toId } as never);
    expect(copy(workspaceId, workspaceId)).toBeNull();
    expect(copy(workspaceId, hostId)).toBe('hosts.write');
    expect(copy(hostId, workspaceId)).toBe('hosts.write');
    const forward = (kind: string) => contract['forwards.create'].alsoNeeds?.({ kind } as never);
    expect(['app', 'tcp', 'socks', 'remote'].map(forward)).toEqual([
      null,
      'hosts.write',
      'hosts.write',
      'hosts.write',
    ]);
    const needs = (target: object) => contract['terminals.open'].alsoNeeds?.({ target } as never);
    expect(needs({ kind: 'host', hostId })).toBe('hosts.write');
    expect(needs({ kind: 'workspace', workspaceId })).toBeNull();
    expect(scopesOfRole.member.has('hosts.write')).toBe(false);
  });
});
