import { describe, expect, it } from 'vitest';
import { localOwnerId, type UserId } from '#contract/ids.ts';
import { settingsDefaults } from '#contract/settings.ts';
import { createSettingsHandlers } from '#main/control-plane/settings/settings-handlers.ts';
import { createSettingsService } from '#main/control-plane/settings/settings-service.ts';
import { BerthError } from '#contract/berth-error.ts';
import { MemoryRecordStore } from '#test/harness/memory-record-store.ts';

const other: UserId = 'user_11111111111111111111';

describe('settings service', () => {
  it("keeps each person's changes apart, over a start", async () => {
    const records = new MemoryRecordStore();
    const service = await createSettingsService({ records });
    await service.change(localOwnerId, { theme: 'dark' });
    await service.change(other, { theme: 'light' });
    const again = await createSettingsService({ records });
    expect(again.get(localOwnerId)).toEqual({ ...settingsDefaults, theme: 'dark' });
    expect(again.get(other).theme).toBe('light');
  });

  it('loses none of several changes at once', async () => {
    const service = await createSettingsService({ records: new MemoryRecordStore() });
    await Promise.all([
      service.change(localOwnerId, { theme: 'dark' }),
      service.change(localOwnerId, { terminalFontSizePx: 20 }),
      service.change(localOwnerId, { copyOnSelection: false }),
    ]);
    expect(service.get(localOwnerId)).toMatchObject({
      theme: 'dark',
      terminalFontSizePx: 20,
      copyOnSelection: false,
    });
  });

  it('changes nothing that it could not write', async () => {
    const records = new MemoryRecordStore();
    const service = await createSettingsService({ records });
    records.failure = new BerthError('store.unwritable', 'full');
    await expect(service.change(localOwnerId, { theme: 'dark' })).rejects.toMatchObject({
      code: 'store.unwritable',
    });
    expect(service.get(localOwnerId).theme).toBe('system');
  });

  it('tells of a change what was and what is, once it is written', async () => {
    const records = new MemoryRecordStore();
    const service = await createSettingsService({ records });
    const told: unknown[] = [];
    const end = service.onChange((userId, before, after) =>
      told.push([userId, before.closeHostToWorkspaces, after.closeHostToWorkspaces]),
    );
    await service.change(localOwnerId, { closeHostToWorkspaces: false });
    records.failure = new BerthError('store.unwritable', 'full');
    await expect(service.change(localOwnerId, { closeHostToWorkspaces: true })).rejects.toThrow();
    end();
    records.failure = undefined;
    await service.change(localOwnerId, { closeHostToWorkspaces: true });
    expect(told).toEqual([[localOwnerId, true, false]]);
  });

  it("shows a caller their own settings and not another's", async () => {
    const handlers = createSettingsHandlers(
      await createSettingsService({ records: new MemoryRecordStore() }),
    );
    const end = new AbortController();
    const contextOf = (userId: UserId) => ({
      caller: { userId, userName: 'x', scopes: new Set<never>(), mode: 'served' as const },
      signal: end.signal,
    });
    const mine = handlers['settings.watch']({}, contextOf(localOwnerId))[Symbol.asyncIterator]();
    expect((await mine.next()).value).toEqual(settingsDefaults);
    const next = mine.next();
    await handlers['settings.change']({ theme: 'light' }, contextOf(other));
    await handlers['settings.change']({ theme: 'dark' }, contextOf(localOwnerId));
    expect((await next).value).toMatchObject({ theme: 'dark' });
    end.abort();
  });
});
