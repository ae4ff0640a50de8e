/**
 * Kubernetes objects to immutable records and back: watches that survive what an API server does,
 * writers of the objects that Ovenet owns, and its custom resource definitions.
 */
@NullMarked
package io.ovenet.kubernetes;

import org.jspecify.annotations.NullMarked;
