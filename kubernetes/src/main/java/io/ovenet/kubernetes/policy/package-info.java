/**
 * Policy objects as JSON → rules. JSON is what a parser makes of it: maps, lists, strings, numbers,
 * booleans, null. Every error names the field.
 */
@NullMarked
package io.ovenet.kubernetes.policy;

import org.jspecify.annotations.NullMarked;
