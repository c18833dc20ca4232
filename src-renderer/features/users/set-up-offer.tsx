/**
 * Offers the local owner, who came in by a one-time link, to set an e-mail and a password. Once: what is put away stays
 * away in this browser, and the account page goes on to have it.
 */
import { UserRoundPlus } from 'lucide-react';
import { useState } from 'react';
import { localOwnerId } from '#contract/ids.ts';
import { Button } from '../../components/button.tsx';
import { Card } from '../../components/page.tsx';
import { useAbout, useAccount } from '../../state/app-context.tsx';
import { SetUpDialog } from './set-up-dialog.tsx';

const putAwayKey = 'berth.set-up-offer';

export function SetUpOffer() {
  const about = useAbout().value;
  // Only the local owner's account is asked for: nobody else is ever offered this.
  return about?.mode === 'served' && about.user.id === localOwnerId ? <Offer /> : null;
}

function Offer() {
  const account = useAccount().value;
  const [isPutAway, setPutAway] = useState(() => localStorage.getItem(putAwayKey) !== null);
  const [isOpen, setOpen] = useState(false);
  if (account === null || account.email !== null || isPutAway) return null;
  return (
    <Card className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <UserRoundPlus aria-hidden size={18} strokeWidth={1.75} className="shrink-0 text-accent" />
      <p className="min-w-0 flex-1 basis-64 text-pretty">
        Set an e-mail and password to sign in from anywhere. Until then a link from the computer where Berth
        runs is the only way in.
      </p>
      <div className="flex gap-2">
        <Button
          variant="quiet"
          onClick={() => {
            localStorage.setItem(putAwayKey, 'put away');
            setPutAway(true);
          }}
        >
          Not now
        </Button>
        <Button onClick={() => setOpen(true)}>Set them…</Button>
      </div>
      {isOpen && <SetUpDialog onClose={() => setOpen(false)} />}
    </Card>
  );
}
