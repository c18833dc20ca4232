/** The part of a dialog that needs the offer: rows while it is on its way, its failure, then what `children` makes of it. */
import type { ReactNode } from 'react';
import type { CloudOffer } from '#contract/clouds.ts';
import { Button } from '../../components/button.tsx';
import { ErrorNote } from '../../components/error-note.tsx';
import { LoadingRows } from '../../components/loading-rows.tsx';
import type { Asked } from '../../state/use-asked.ts';

export function OfferPart(props: {
  readonly offer: Asked<CloudOffer>;
  readonly children: (offer: CloudOffer) => ReactNode;
}) {
  const { offer, children } = props;
  if (offer.error !== null)
    return (
      <ErrorNote
        title="What is on offer could not be read"
        error={offer.error}
        actions={<Button onClick={offer.askAgain}>Read again</Button>}
      />
    );
  if (offer.answer === null) return <LoadingRows label="Reading what is on offer" rows={4} />;
  return children(offer.answer);
}

/** For a refused price: the person sees the new one before they agree to it. */
export function NewPrices({ offer }: { offer: Asked<CloudOffer> }) {
  return <Button onClick={offer.askAgain}>Read the prices again</Button>;
}
