package io.ovenet.policy;

/**
 * What holds for what no entry decides.
 *
 * @param decision default deny, or that nothing is enforced
 * @param audited whether only rules in audit mode make it default-deny
 * @param auditAll whether all that is denied passes and is told
 */
record Fallback(Decision decision, boolean audited, boolean auditAll) {}
