/** What a client asks first: which Berth this is and who the caller is. */
import { z } from 'zod';
import { call } from './contract.ts';
import { UserId } from './ids.ts';
import { scopes } from './scopes.ts';

export const About = z.object({
  version: z.string(),
  /** `desktop`: one local owner in a window. `served`: in a browser. */
  mode: z.enum(['desktop', 'served']),
  user: z.object({ id: UserId, name: z.string() }),
  scopes: z.array(z.enum(scopes)),
  platform: z.string(),
  /** The folder with the database, the log and the known hosts. */
  dataFolder: z.string(),
  /** Set when the data is from a newer Berth: everything can be read and nothing changed. */
  isReadOnly: z.boolean(),
  /** What the person must be told since this start, such as a database that was replaced by its backup; else null. */
  notice: z.string().nullable().optional(),
});
export type About = z.infer<typeof About>;

export const aboutMethods = {
  'about.get': call({
    summary: 'Version, mode and caller',
    scope: 'settings.read',
    input: z.object({}),
    output: About,
    errors: [],
    rest: { method: 'GET', path: '/about' },
  }),
};
