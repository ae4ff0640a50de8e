package io.ovenet.flow;

/** Where a stream of flows goes: a client, or a file. Called by the stream's thread. */
interface FlowReceiver {
  /** Whether it takes something at once; otherwise it unparks the stream's thread once it does. */
  boolean isReady();

  /** Nobody wants any more. */
  boolean isGone();

  /** Takes a serialized observer.GetFlowsResponse. */
  void take(byte[] response);

  /** Nothing more comes. */
  void end();
}
