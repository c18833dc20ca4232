/** What credentials give to the window: their page and the locking of the vault. */
import { KeyRound } from 'lucide-react';
import { lazy } from 'react';
import { defineView, type Feature } from '../../state/feature.ts';
import { credentialCommands } from './credential-commands.ts';

const CredentialsPage = lazy(() => import('./credentials-page.tsx'));

export const credentialsFeature: Feature = {
  name: 'credentials',
  commands: credentialCommands,
  views: [
    defineView({
      type: 'credentials',
      scope: 'credentials.read',
      component: CredentialsPage,
      describe: () => ({ title: 'Credentials', icon: KeyRound }),
    }),
  ],
};
