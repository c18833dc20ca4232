/**
 * Terminals that are shared by a link: whoever holds it can watch one terminal, or type into it, until it expires, is
 * revoked, or the terminal ends. Such a guest can call `terminals.shared` and `terminals.attach`, and nothing else.
 */
import { z } from 'zod';
import { collectionItem } from './collection.ts';
import { call, stream } from './contract.ts';
import { ShareId, TerminalId } from './ids.ts';
import { TerminalSize, TerminalState } from './terminals.ts';
import { Instant } from './text.ts';

/** `read`: sees the screen. `write`: types as well. */
export const ShareAccess = z.enum(['read', 'write']);
export type ShareAccess = z.infer<typeof ShareAccess>;

/** A week: longer than that a link is forgotten rather than used. */
export const maxShareMinutes = 10_080;

export const TerminalShare = z.object({
  id: ShareId,
  terminalId: TerminalId,
  access: ShareAccess,
  createdAt: Instant,
  expiresAt: Instant,
  /** Connections of guests at this moment. */
  viewerCount: z.number().int().min(0),
});
export type TerminalShare = z.infer<typeof TerminalShare>;

/** What a guest is told of the terminal: nothing of where it runs, whose it is, or what else there is. */
export const SharedTerminal = z.object({
  terminalId: TerminalId,
  /** The name that a person gave it, else the title of its program. */
  title: z.string().max(256),
  size: TerminalSize,
  phase: z.enum(TerminalState.options.map((option) => option.shape.phase.value)),
  exitCode: z.number().int().nullable(),
  access: ShareAccess,
  expiresAt: Instant,
  /** This guest typed although it may only watch; nothing of that went anywhere. */
  isTypingDropped: z.boolean(),
  /** Set in the last item: the link was revoked or has expired, or the terminal has ended. */
  end: z.enum(['link', 'terminal']).nullable(),
});
export type SharedTerminal = z.infer<typeof SharedTerminal>;

export const terminalShareMethods = {
  'terminals.share': call({
    summary: 'Makes a link by which others watch this terminal, or type into it',
    scope: 'terminals.write',
    input: z.object({
      id: TerminalId,
      access: ShareAccess,
      expiresInMinutes: z.number().int().min(1).max(maxShareMinutes),
    }),
    output: z.object({
      share: TerminalShare,
      /** `/shared#…` under Berth's own address. Holds the secret; it is told once and cannot be read again. */
      path: z.string().max(200),
    }),
    errors: ['terminal.ended', 'terminal.share-needs-server', 'too-many'],
    rest: { method: 'POST', path: '/terminals/:id/shares', isConfidential: true },
  }),
  'terminals.shares': stream({
    summary: 'The links that the caller has made and that still work, then every change',
    scope: 'terminals.read',
    input: z.object({}),
    item: collectionItem(TerminalShare),
    errors: [],
    rest: { method: 'GET', path: '/terminal-shares', shape: 'collection' },
  }),
  'terminals.unshare': call({
    summary: 'Ends a link, and with it everybody who came through it',
    scope: 'terminals.write',
    input: z.object({ shareId: ShareId }),
    output: z.object({}),
    errors: [],
    rest: { method: 'DELETE', path: '/terminal-shares/:shareId' },
  }),
  'terminals.shared': stream({
    summary: 'For guests: the terminal that their link leads to, then every change until its end',
    scope: 'terminals.read',
    input: z.object({}),
    item: SharedTerminal,
    errors: [],
    rest: { method: 'GET', path: '/shared-terminal', shape: 'value' },
  }),
};
