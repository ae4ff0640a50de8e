/**
 * What one process does for the whole cluster: resource definitions, prefixes for nodes, the status
 * of policies, and the collection of what nobody uses any more.
 */
@NullMarked
package io.ovenet.operator;

import org.jspecify.annotations.NullMarked;
