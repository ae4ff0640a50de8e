/** Labels, identities, selectors, rules and verdicts: pure, without I/O, clock or kernel. */
@NullMarked
package io.ovenet.policy;

import org.jspecify.annotations.NullMarked;
