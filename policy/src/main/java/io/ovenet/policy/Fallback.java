package io.ovenet.policy;

/**
 * What holds for what no entry decides.
 *
 * @param decision default deny, or that nothing is enforced
 * @param enforced the same without rules in audit mode
 * @param auditAll whether all that is denied passes and is told
 */
record Fallback(Decision decision, Decision enforced, boolean auditAll) {}
