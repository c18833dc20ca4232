/** What accounts give to the window of a served Berth: one's own account, the people, and what was done. */
import { ScrollText, UserRound, Users } from 'lucide-react';
import { lazy } from 'react';
import { defineView, type Feature } from '../../state/feature.ts';
import { accountCommands } from './account-commands.ts';
import { SetUpOffer } from './set-up-offer.tsx';

const AccountPage = lazy(() => import('./account-page.tsx'));
const PeoplePage = lazy(() => import('./people-page.tsx'));
const AuditPage = lazy(() => import('./audit-page.tsx'));

export const usersFeature: Feature = {
  name: 'users',
  commands: accountCommands,
  homeParts: [SetUpOffer],
  views: [
    defineView({
      type: 'account',
      isServedOnly: true,
      component: AccountPage,
      describe: () => ({ title: 'Account', icon: UserRound }),
    }),
    defineView({
      type: 'people',
      isServedOnly: true,
      scope: 'users.read',
      component: PeoplePage,
      describe: () => ({ title: 'People', icon: Users }),
    }),
    defineView({
      type: 'audit',
      isServedOnly: true,
      scope: 'audit.read',
      component: AuditPage,
      describe: () => ({ title: 'Audit log', icon: ScrollText }),
    }),
  ],
};
