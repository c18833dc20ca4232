/** Rows that are on their way: quiet bars in the shape of what comes. Says what is loading. */
export function LoadingRows({ label, rows = 3 }: { label: string; rows?: number }) {
  return (
    <div role="status" aria-label={label} className="flex flex-col gap-2">
      {Array.from({ length: rows }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars have no other name
        <div key={index} className="h-7 animate-pulse rounded-md bg-hover" />
      ))}
    </div>
  );
}
