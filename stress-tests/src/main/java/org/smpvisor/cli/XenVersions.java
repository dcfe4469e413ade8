package org.smpvisor.cli;

import java.util.ArrayList;
import java.util.List;
import org.smpvisor.variant.Variant.XenVersion;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** The spelling of {@code --xen}. */
final class XenVersions extends ArrayList<String> implements ITypeConverter<XenVersion> {
    private static final long serialVersionUID = 1L;

    XenVersions() {
        super(List.of("4.17", "head"));
    }

    @Override
    public XenVersion convert(String value) {
        return switch (value) {
            case "4.17" -> XenVersion.V4_17;
            case "head" -> XenVersion.HEAD;
            default -> throw new TypeConversionException("'" + value + "' is neither 4.17 nor head");
        };
    }
}
