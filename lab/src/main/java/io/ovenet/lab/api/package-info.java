/**
 * A Kubernetes-compatible API server in one process: objects kept durably in SQLite, served over
 * HTTP to {@code kubectl} and to the same client that the agents use on a real cluster.
 *
 * <p>A request goes {@link io.ovenet.lab.api.HttpFront} → {@link io.ovenet.lab.api.Router} → {@link
 * io.ovenet.lab.api.Verbs} → {@link io.ovenet.lab.api.Store}; a change goes from the store's one
 * writer to every {@link io.ovenet.lab.api.History.Cursor}.
 */
@NullMarked
package io.ovenet.lab.api;

import org.jspecify.annotations.NullMarked;
