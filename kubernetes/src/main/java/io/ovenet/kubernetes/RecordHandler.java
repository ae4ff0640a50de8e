package io.ovenet.kubernetes;

/**
 * Is told what happens to the objects of a watch, in the order in which the API server tells it,
 * one call at a time. Calls must be quick: the watch waits for them.
 */
public interface RecordHandler<R extends KubernetesRecord> {
  /** The object is new or has changed. Not called again for a version already told. */
  void upserted(R record);

  /** The object is gone. Also told when its deletion was missed and found out by listing. */
  void deleted(ObjectKey key);

  /**
   * Everything that a listing showed has been told. Called after the first listing and after each
   * later one; until the first call what was told is a part only.
   */
  void synced();
}
