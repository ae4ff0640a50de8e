package io.ovenet.lab.api;

import org.jspecify.annotations.Nullable;

/**
 * One change of one object.
 *
 * @param version the resourceVersion of the change
 * @param object the object after it; for a deletion the last state, with the deletion's version
 * @param previous the object before it, or null for a creation and for a change of before the
 *     server's start
 */
record Event(long version, Type type, Stored object, @Nullable Stored previous) {
  /** What happened to the object. */
  enum Type {
    ADDED,
    MODIFIED,
    DELETED
  }
}
