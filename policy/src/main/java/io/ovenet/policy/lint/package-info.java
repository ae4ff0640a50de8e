/** What is probably not meant in policies. Pure. */
@NullMarked
package io.ovenet.policy.lint;

import org.jspecify.annotations.NullMarked;
