package io.ovenet.kubernetes.question;

import java.util.Map;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.common.FlowStyle;

/** Objects as YAML. */
public final class YamlText {
  private YamlText() {}

  public static String write(Map<String, ?> object) {
    return new Dump(
            DumpSettings.builder()
                .setDefaultFlowStyle(FlowStyle.BLOCK)
                .setIndicatorIndent(0)
                .setDereferenceAliases(true)
                .build())
        .dumpToString(object);
  }
}
