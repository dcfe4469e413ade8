package org.smpvisor.abi;

import org.smpvisor.variant.Arm;

/** Function identifiers and results of the Power State Coordination Interface, which guests call with HVC. */
@Arm("DEN 0022, chapters 5 and 6")
public final class PsciAbi {
    public static final int VERSION = 0x84000000;
    public static final int CPU_SUSPEND = 0xc4000001;
    public static final int CPU_OFF = 0x84000002;
    public static final int CPU_ON = 0xc4000003;
    public static final int AFFINITY_INFO = 0xc4000004;
    public static final int MIGRATE_INFO_TYPE = 0x84000006;
    public static final int SYSTEM_OFF = 0x84000008;
    public static final int SYSTEM_RESET = 0x84000009;
    public static final int FEATURES = 0x8400000a;

    public static final int SUCCESS = 0;
    public static final int NOT_SUPPORTED = -1;
    public static final int INVALID_PARAMETERS = -2;
    public static final int ALREADY_ON = -4;

    /** Results of AFFINITY_INFO. */
    public static final int ON = 0;

    public static final int OFF = 1;

    /** Result of MIGRATE_INFO_TYPE: there is no trusted OS that would have to be moved. */
    public static final int NO_TRUSTED_OS = 2;

    /** Version 1.1. */
    public static final int VERSION_1_1 = 0x10001;

    private PsciAbi() {}
}
