package io.ovenet.kubernetes.eval;

import io.ovenet.kubernetes.Json;
import io.ovenet.kubernetes.policy.Field;
import io.ovenet.policy.Cidr;
import io.ovenet.policy.NamedPort;
import io.ovenet.policy.PolicyException;
import io.ovenet.policy.PolicyKey;
import io.ovenet.policy.PolicyNotice;
import io.ovenet.policy.PolicySettings;
import io.ovenet.policy.ReservedIdentity;
import io.ovenet.policy.RuleOrigin;
import io.ovenet.policy.TrafficDirection;
import io.ovenet.policy.Verdict;
import io.ovenet.policy.naive.NaiveEvaluator;
import io.ovenet.policy.question.Answer;
import io.ovenet.policy.question.Judge;
import io.ovenet.policy.question.Party;
import io.ovenet.policy.question.Reason;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Answers one world after the other, each a line of JSON; docs/policy-eval.md is the contract. No
 * line makes it throw. Used by one thread.
 */
public final class Evaluator {
  private static final List<String> ANYWHERE =
      List.of(
          "203.0.113.77", "198.51.100.77", "192.0.2.77", "100.64.7.7", "233.252.0.7", "9.7.5.3");

  private final Engine engine;
  private long lines;
  private boolean failed;
  private boolean disagreed;

  public Evaluator(Engine engine) {
    this.engine = engine;
  }

  /** Whether a line, an object or a question was wrong. */
  public boolean failed() {
    return failed;
  }

  /** Whether the engines gave different answers. */
  public boolean disagreed() {
    return disagreed;
  }

  /** The answer to the next line, without its end. */
  public byte[] answer(byte[] text, int offset, int length) {
    lines++;
    Map<String, Object> out = new LinkedHashMap<>();
    try {
      Field root = new Field("", Json.parse(text, offset, length).fields());
      Object id = root.get("id").value();
      if (id != null) {
        out.put("id", id);
      }
      answer(root, out);
    } catch (Json.JsonException e) {
      return failure(
          out, new PolicyNotice("", "not JSON: " + e.getMessage(), "write one object a line"));
    } catch (PolicyException e) {
      return failure(out, e.notice());
    } catch (RuntimeException | StackOverflowError e) {
      return failure(
          out, new PolicyNotice("", "cannot be decided: " + e, "report it with this line"));
    }
    return Json.write(out);
  }

  /** The answer to a line that is longer than what is read. */
  public byte[] tooLong(long limit) {
    lines++;
    return failure(
        new LinkedHashMap<>(),
        new PolicyNotice("", "a line of more than " + limit + " bytes", "ask in smaller worlds"));
  }

  private byte[] failure(Map<String, Object> out, PolicyNotice notice) {
    failed = true;
    Object id = out.get("id");
    out.clear();
    if (id != null) {
      out.put("id", id);
    }
    out.put("line", lines);
    out.put("error", notice(notice));
    return Json.write(out);
  }

  private static Map<String, Object> notice(PolicyNotice notice) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("path", notice.path());
    object.put("message", notice.message());
    object.put("remedy", notice.remedy());
    return object;
  }

  private void answer(Field root, Map<String, Object> out) {
    WorldReader world = new WorldReader(root);
    PolicyReader policies = new PolicyReader(world.cluster(), world.policies());
    List<Object> questions = new ArrayList<>();
    List<Party> subjects = new ArrayList<>();
    for (Field field : world.questions()) {
      try {
        Question question = world.question(field);
        questions.add(question);
        if (!subjects.contains(question.subject())) {
          subjects.add(question.subject());
        }
      } catch (PolicyException e) {
        failed = true;
        questions.add(e.notice());
      }
    }
    if (engine != Engine.COMPILED
        && !world.settings().equals(PolicySettings.defaults(world.cluster()))) {
      throw root.error(
          "the naive engine knows no other settings than the usual",
          "leave enforcement and allowLocalHost out, or ask the compiled engine alone");
    }
    Judge judge = new Judge(world.settings(), policies.objects(), world.pods(), subjects);
    policies.groups().forEach(judge::apply);
    NaiveEvaluator naive =
        engine == Engine.COMPILED
            ? null
            : new NaiveEvaluator(world.cluster(), policies.documents(), policies.groupDocuments());
    failed |= !policies.errors.isEmpty();
    remarks("errors", policies.errors, out);
    remarks("notices", policies.notices, out);
    List<Object> answers = new ArrayList<>(questions.size());
    for (Object question : questions) {
      answers.add(
          question instanceof Question asked
              ? answer(judge, naive, asked)
              : Map.of("error", notice((PolicyNotice) question)));
    }
    out.put("answers", answers);
  }

  private static void remarks(
      String name, List<PolicyReader.Remark> remarks, Map<String, Object> out) {
    if (remarks.isEmpty()) {
      return;
    }
    List<Object> list = new ArrayList<>(remarks.size());
    for (PolicyReader.Remark remark : remarks) {
      Map<String, Object> object = new LinkedHashMap<>();
      object.put("policy", remark.index());
      PolicyKey key = remark.key();
      if (key != null) {
        object.put("kind", key.kind().toString());
        object.put("namespace", key.namespace());
        object.put("name", key.name());
      }
      object.putAll(notice(remark.notice()));
      if (name.equals("errors")) {
        object.put("isolates", remark.isolates());
      }
      list.add(object);
    }
    out.put(name, list);
  }

  private Map<String, Object> answer(
      Judge judge, @Nullable NaiveEvaluator naive, Question question) {
    if (naive == null) {
      return compiled(ask(judge, question));
    }
    NaiveEvaluator.Answer said = ask(judge, naive, question);
    if (engine == Engine.NAIVE) {
      return naive(said);
    }
    Answer decided = ask(judge, question);
    Map<String, Object> answer = compiled(decided);
    if (!agree(decided, said)) {
      disagreed = true;
      answer.put("disagrees", naive(said));
    }
    return answer;
  }

  private static Answer ask(Judge judge, Question question) {
    return judge.ask(
        question.subject(),
        question.direction(),
        question.peer(),
        question.protocol(),
        question.port());
  }

  private static Map<String, Object> compiled(Answer answer) {
    Map<String, Object> object = new LinkedHashMap<>();
    Verdict verdict = answer.decision().verdict();
    object.put("verdict", verdict == Verdict.AUDIT ? "audit" : verdict.passes() ? "allow" : "deny");
    object.put("reason", answer.reason().toString());
    object.put("redirect", answer.redirect());
    List<Object> rules = new ArrayList<>();
    for (RuleOrigin origin : answer.decision().origins().asList()) {
      rules.add(rule(origin));
    }
    object.put("rules", rules);
    if (!answer.decision().log().isEmpty()) {
      object.put("log", answer.decision().log());
    }
    return object;
  }

  private static Map<String, Object> rule(RuleOrigin origin) {
    Map<String, Object> rule = new LinkedHashMap<>();
    rule.put("kind", origin.kind().toString());
    rule.put("namespace", origin.namespace());
    rule.put("name", origin.name());
    rule.put("path", origin.fieldPath());
    return rule;
  }

  private static NaiveEvaluator.Answer ask(Judge judge, NaiveEvaluator naive, Question question) {
    return naive.ask(
        question.subject().labels().toSecurityLabels(),
        ports(question.subject()),
        question.direction() == TrafficDirection.INGRESS,
        peer(judge, question.peer()),
        question.protocol(),
        question.port());
  }

  private static NaiveEvaluator.Peer peer(Judge judge, Party party) {
    Cidr address = party.address();
    String text = null;
    if (address != null) {
      String prefix = address.toString();
      text = prefix.substring(0, prefix.indexOf('/'));
    } else if (party.labels().isReserved(ReservedIdentity.WORLD)) {
      // Somewhere that no rule names.
      for (String candidate : ANYWHERE) {
        if (judge.peerOf(Party.outside(candidate, Cidr.parse(candidate)))
            == ReservedIdentity.WORLD.number()) {
          text = candidate;
        }
      }
    }
    return new NaiveEvaluator.Peer(party.labels().toSecurityLabels(), text, ports(party));
  }

  private static List<NaiveEvaluator.Port> ports(Party party) {
    List<NaiveEvaluator.Port> ports = new ArrayList<>();
    for (NamedPort port : party.ports().ports()) {
      ports.add(new NaiveEvaluator.Port(port.name(), port.protocol(), port.port()));
    }
    return ports;
  }

  private static Reason reason(NaiveEvaluator.Answer answer) {
    return switch (answer.outcome()) {
      case ALLOWED -> answer.rules().isEmpty() ? Reason.LOCAL_HOST : Reason.RULE;
      case NOT_ENFORCED -> Reason.NOT_ENFORCED;
      case DENIED -> Reason.RULE;
      case WITHHELD -> Reason.WITHHELD;
      case DEFAULT_DENIED, AUDITED -> Reason.DEFAULT_DENY;
    };
  }

  private static Map<String, Object> naive(NaiveEvaluator.Answer answer) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("verdict", answer.outcome().passes() ? "allow" : "deny");
    object.put("reason", reason(answer).toString());
    List<Object> rules = new ArrayList<>();
    for (String said : answer.rules()) {
      String[] words = said.split(" ", 3);
      int slash = words[1].indexOf('/');
      Map<String, Object> rule = new LinkedHashMap<>();
      rule.put("kind", words[0]);
      rule.put("namespace", slash < 0 ? "" : words[1].substring(0, slash));
      rule.put("name", words[1].substring(slash + 1));
      rule.put("path", words[2]);
      rules.add(rule);
    }
    object.put("rules", rules);
    return object;
  }

  /** Whether it is the local host that comes in, where nothing would keep others out either. */
  private static boolean isHostAnyway(Answer compiled, NaiveEvaluator.Answer naive) {
    return compiled.reason() == Reason.NOT_ENFORCED && reason(naive) == Reason.LOCAL_HOST;
  }

  /** The one names the rules that say it most precisely, the other all. */
  private static boolean agree(Answer compiled, NaiveEvaluator.Answer naive) {
    boolean audit = compiled.decision().verdict() == Verdict.AUDIT;
    if (naive.outcome() == NaiveEvaluator.Outcome.AUDITED) {
      return audit;
    }
    if ((reason(naive) != compiled.reason() && !isHostAnyway(compiled, naive))
        || (naive.outcome().passes() != compiled.passes() && !audit)
        || (naive.outcome().passes() && audit)) {
      return false;
    }
    for (RuleOrigin origin : compiled.decision().origins().asList()) {
      if (!naive.rules().contains(origin.toString())) {
        return false;
      }
    }
    return true;
  }
}
