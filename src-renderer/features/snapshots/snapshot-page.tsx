/** Placeholder. */
export default function SnapshotPage() {
  return null;
}
