package io.ovenet.policy.question;

import java.util.Map;

/**
 * An object that would let a connection pass on one side.
 *
 * @param document ready to apply; maps, lists, strings and booleans
 * @param opens all that it opens, in words
 */
public record Proposal(Map<String, Object> document, String opens) {}
