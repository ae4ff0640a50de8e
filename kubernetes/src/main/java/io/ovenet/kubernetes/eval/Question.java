package io.ovenet.kubernetes.eval;

import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.question.Party;

/**
 * One question.
 *
 * @param subject whose policy is asked
 * @param port destination port; for ICMP the type
 */
record Question(Party subject, TrafficDirection direction, Party peer, int protocol, int port) {}
