/**
 * The meaning of policy once more, slowly and plainly: the judge of the compiled form. Works on
 * parsed JSON and shares no code with the rest of this module.
 */
@NullMarked
package io.ovenet.policy.naive;

import org.jspecify.annotations.NullMarked;
