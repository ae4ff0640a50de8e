package io.ovenet.flow;

import dev.cel.common.CelOptions;
import dev.cel.common.CelValidationException;
import dev.cel.common.types.SimpleType;
import dev.cel.common.types.StructTypeReference;
import dev.cel.compiler.CelCompiler;
import dev.cel.compiler.CelCompilerFactory;
import dev.cel.parser.CelStandardMacro;
import dev.cel.runtime.CelEvaluationException;
import dev.cel.runtime.CelRuntime;
import dev.cel.runtime.CelRuntimeFactory;
import io.ovenet.api.flow.Flow;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Expressions of the Common Expression Language over a flow, as Hubble's experimental filter has
 * them: {@code _flow} is the flow.Flow, names are looked for in package flow, the outcome is a
 * boolean. Costs many times what other filters do, and loads its language with the first
 * expression. Thread-safe; what it compiles is for one thread at a time.
 */
final class CelFilter {
  private static final String VARIABLE = "_flow";
  private static final int MOST_CHARACTERS = 10_000;
  private static final int MOST_ITERATIONS = 10_000;
  private static final int DEEPEST = 100;

  private static final CelOptions OPTIONS =
      CelOptions.current()
          .maxExpressionCodePointSize(MOST_CHARACTERS)
          .maxParseRecursionDepth(DEEPEST)
          .comprehensionMaxIterations(MOST_ITERATIONS)
          // As matches() is specified, and in Go: anywhere in the text.
          .enableRegexPartialMatch(true)
          .build();

  private static final CelCompiler COMPILER =
      CelCompilerFactory.standardCelCompilerBuilder()
          .setOptions(OPTIONS)
          .setStandardMacros(CelStandardMacro.STANDARD_MACROS)
          .setContainer("flow")
          .addFileTypes(Flow.getDescriptor().getFile())
          .addVar(VARIABLE, StructTypeReference.create(Flow.getDescriptor().getFullName()))
          .setResultType(SimpleType.BOOL)
          .build();

  private static final CelRuntime RUNTIME =
      CelRuntimeFactory.standardCelRuntimeBuilder()
          .setOptions(OPTIONS)
          .addFileTypes(Flow.getDescriptor().getFile())
          .build();

  private CelFilter() {}

  /**
   * A flow passes if the expression is true of it; not where it cannot be told, such as of a
   * missing element of a list.
   *
   * @throws IllegalArgumentException saying what is wrong with the expression
   */
  static Predicate<FlowRecord> compile(String expression, FlowEncoder encoder) {
    CelRuntime.Program program;
    try {
      program = RUNTIME.createProgram(COMPILER.compile(expression).getAst());
    } catch (CelValidationException | CelEvaluationException e) {
      throw new IllegalArgumentException("\"" + expression + "\": " + e.getMessage(), e);
    }
    return record -> {
      try {
        return Boolean.TRUE.equals(program.eval(Map.of(VARIABLE, encoder.flow(record))));
      } catch (CelEvaluationException _) {
        return false;
      }
    };
  }
}
