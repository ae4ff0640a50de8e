/** What processes tell Prometheus. */
@NullMarked
package io.ovenet.metrics;

import org.jspecify.annotations.NullMarked;
