package org.smpvisor;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;

import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.util.Set;
import java.util.function.Predicate;
import org.smpvisor.cell.Cell;
import org.smpvisor.cpu.Pcpu;

/** An access that is no point is for observers: whoever decides something on a pCPU lets an engine interpose. */
@AnalyzeClasses(
        packages = {
            "org.smpvisor.cpu",
            "org.smpvisor.domain",
            "org.smpvisor.sched",
            "org.smpvisor.entry",
            "org.smpvisor.evtchn",
            "org.smpvisor.gic",
            "org.smpvisor.vgic"
        },
        importOptions = ImportOption.DoNotIncludeTests.class)
class ObserversTest {
    /** Where shadows are kept and kinds of rules are chosen: nothing of Xen's is decided by what they peek at. */
    private static final Set<String> SHADOWS = Set.of(
            "RankRules",
            "RankRules.TargetsLock",
            "RankRules.StoreLate",
            "DeliveryRules",
            "DeliveryRules.WithoutLock",
            "RegisterRules.TakeBack",
            "VgicDomain.peekForwarding",
            "ListLinks",
            "FaultPlan",
            "PastRankRules.SampledEarly",
            "PendingIrq.OwnersLock",
            "CpuTimers.Timer.BaseLock",
            "CpuTimers.Timer.peekRunning",
            "Vcpu.ScheduleLock",
            "VgicDomain.peekTarget",
            "ListRegisters.removeInflight",
            "ListRegisters.removeLrPending",
            "ListRegisters.markWrongLr",
            "RankVgic.misrouted");

    @ArchTest
    static final ArchRule whoHasAPcpuDoesNotLookAsAnObserver = methods()
            .that()
            .areDeclaredInClassesThat()
            .resideOutsideOfPackage("..smpvisor.cell..")
            .should(callOfCells(
                    "look at a cell as an observer does only where no pCPU is at hand",
                    ObserversTest::looksFromOutside,
                    m -> m.getRawParameterTypes().stream().anyMatch(t -> t.isEquivalentTo(Pcpu.class))
                            && !isShadow(m)));

    @ArchTest
    static final ArchRule onlyShadowsPeekOnAPcpu = methods()
            .that()
            .areDeclaredInClassesThat()
            .resideOutsideOfPackage("..smpvisor.cell..")
            .should(callOfCells(
                    "peek as a pCPU only to keep shadows",
                    a -> a.getName().startsWith("peek") && hasPcpu(a),
                    m -> !isShadow(m)));

    /** Links without a pCPU, and values without a point. */
    private static boolean looksFromOutside(JavaAccess<?> a) {
        return Set.of("peek", "next", "prev", "isEmpty", "addBefore").contains(a.getName()) && !hasPcpu(a);
    }

    private static boolean hasPcpu(JavaAccess<?> a) {
        return a.getTarget() instanceof com.tngtech.archunit.core.domain.AccessTarget.CodeUnitCallTarget t
                && t.getRawParameterTypes().stream().anyMatch(p -> p.isEquivalentTo(Pcpu.class));
    }

    private static boolean isShadow(JavaMethod m) {
        String owner = m.getOwner().getName();
        String inner = owner.substring(owner.lastIndexOf('.') + 1).replace('$', '.');
        return SHADOWS.contains(inner) || SHADOWS.contains(inner + "." + m.getName());
    }

    private static ArchCondition<JavaMethod> callOfCells(
            String what, Predicate<JavaAccess<?>> call, Predicate<JavaMethod> forbidden) {
        return new ArchCondition<>(what) {
            @Override
            public void check(JavaMethod m, ConditionEvents events) {
                if (!forbidden.test(m)) {
                    return;
                }
                for (JavaAccess<?> a : m.getAccessesFromSelf()) {
                    JavaClass target = a.getTargetOwner();
                    if (target.isAssignableTo(Cell.class) && call.test(a)) {
                        events.add(SimpleConditionEvent.violated(a, a.getDescription()));
                    }
                }
            }
        };
    }
}
