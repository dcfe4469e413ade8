package org.smpvisor;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.smpvisor.variant.Deviation;

/** The walls between modules and packages, and what may not be used inside of them. */
@AnalyzeClasses(packages = "org.smpvisor", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    private static final String[] CORE = {
        "..smpvisor.engine..",
        "..smpvisor.lock..",
        "..smpvisor.cell..",
        "..smpvisor.cpu..",
        "..smpvisor.trace..",
        "..smpvisor.abi..",
        "..smpvisor.domain..",
        "..smpvisor.sched..",
        "..smpvisor.entry..",
        "..smpvisor.evtchn..",
        "..smpvisor.variant.."
    };
    private static final String[] STRESS = {
        "..smpvisor.machine..",
        "..smpvisor.guest..",
        "..smpvisor.scenario..",
        "..smpvisor.oracle..",
        "..smpvisor.explore..",
        "..smpvisor.bench..",
        "..smpvisor.mutate..",
        "..smpvisor.functions..",
        "..smpvisor.verify..",
        "..smpvisor.campaign..",
        "..smpvisor.cli..",
        "..smpvisor.report..",
        "..smpvisor.export.."
    };
    private static final String[] MODEL = {
        "..smpvisor.engine..",
        "..smpvisor.lock..",
        "..smpvisor.cell..",
        "..smpvisor.cpu..",
        "..smpvisor.trace..",
        "..smpvisor.abi..",
        "..smpvisor.domain..",
        "..smpvisor.sched..",
        "..smpvisor.entry..",
        "..smpvisor.evtchn..",
        "..smpvisor.variant..",
        "..smpvisor.gic..",
        "..smpvisor.vgic.."
    };

    // ---- modules ----------------------------------------------------------------------------------------------------

    @ArchTest
    static final ArchRule modulesKnowOnlyThoseBelowThem = layeredArchitecture()
            .consideringOnlyDependenciesInLayers()
            .layer("smp-core")
            .definedBy(CORE)
            .layer("gic")
            .definedBy("..smpvisor.gic..")
            .layer("vgic")
            .definedBy("..smpvisor.vgic..")
            .layer("stress-tests")
            .definedBy(STRESS)
            .whereLayer("stress-tests")
            .mayNotBeAccessedByAnyLayer()
            .whereLayer("vgic")
            .mayOnlyBeAccessedByLayers("stress-tests")
            .whereLayer("gic")
            .mayOnlyBeAccessedByLayers("vgic", "stress-tests");

    @ArchTest
    static final ArchRule everyClassIsOnTheMap = classes()
            .should()
            .resideInAnyPackage(concat(MODEL, STRESS))
            .because("DESIGN.md names the packages, and helpers live beside their users");

    @ArchTest
    static final ArchRule noPackageIsADustbin = noClasses()
            .should()
            .resideInAnyPackage(
                    "..util..", "..utils..", "..common..", "..core..", "..impl..", "..infra..", "..helpers..");

    @ArchTest
    static final ArchRule hardwareDoesNotKnowItsDriver = noClasses()
            .that()
            .resideInAPackage("..gic.hw..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("..gic.host..");

    @ArchTest
    static final ArchRule emulationOfFramesOnlyDecodes = noClasses()
            .that()
            .resideInAPackage("..vgic.mmio..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("..vgic.rank..", "..vgic.aplist..");

    // ---- guests -----------------------------------------------------------------------------------------------------

    @ArchTest
    static final ArchRule guestsSeeTheAbiOnly = classes()
            .that()
            .resideInAPackage("..smpvisor.guest..")
            .should()
            .onlyDependOnClassesThat()
            .resideInAnyPackage("java..", "..smpvisor.abi..", "..smpvisor.guest..")
            .allowEmptyShould(true);

    @ArchTest
    static final ArchRule theAbiStandsAlone = classes()
            .that()
            .resideInAPackage("..smpvisor.abi..")
            .should()
            .onlyDependOnClassesThat(resideInAnyPackage("java..", "..smpvisor.abi..")
                    .or(assignableTo(java.lang.annotation.Annotation.class)));

    // ---- judges -----------------------------------------------------------------------------------------------------

    @ArchTest
    static final ArchRule locksDoNotKnowVariants = noClasses()
            .that()
            .resideInAnyPackage("..smpvisor.lock..", "..smpvisor.engine..")
            .should()
            .dependOnClassesThat(resideInAPackage("..smpvisor.variant..")
                    .and(are(not(assignableTo(java.lang.annotation.Annotation.class)))));

    @ArchTest
    static final ArchRule theOracleDoesNotKnowVariants = noClasses()
            .that()
            .resideInAPackage("..smpvisor.oracle..")
            .should()
            .dependOnClassesThat(resideInAPackage("..smpvisor.variant..")
                    .and(are(not(assignableTo(java.lang.annotation.Annotation.class)))))
            .allowEmptyShould(true);

    // ---- sharing ----------------------------------------------------------------------------------------------------

    @ArchTest
    static final ArchRule rawMemoryAccessStaysInItsPackages = classes()
            .that()
            .resideInAnyPackage(MODEL)
            .and()
            .resideOutsideOfPackages("..smpvisor.cell..", "..smpvisor.lock..", "..smpvisor.cpu..")
            .and(are(not(assignableTo("org.smpvisor.trace.EventRing"))))
            .and(are(not(nameMatching("org\\.smpvisor\\.engine\\.ContinuationVehicle.*")))) // calls into the JDK only
            .should(useNothingOfVarHandleButItsFences())
            .because("all sharing goes through cells, locks and the mailbox, so that an engine sees every access");

    @ArchTest
    static final ArchRule nobodyUsesUnsafeOrAtomics = noClasses()
            .that()
            .resideInAnyPackage(MODEL)
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "java.util.concurrent.atomic..", "sun.misc..", "jdk.internal.misc..", "org.agrona.concurrent..");

    @ArchTest
    static final ArchRule nobodyUsesTheLocksOfJava = noClasses()
            .that()
            .resideInAnyPackage(MODEL)
            .should()
            .dependOnClassesThat(resideInAPackage("java.util.concurrent.locks..")
                    .and(are(not(assignableTo(java.util.concurrent.locks.LockSupport.class)))));

    @ArchTest
    static final ArchRule onlyEnginesAndPcpusPark = noClasses()
            .that()
            .resideInAnyPackage(MODEL)
            .and()
            .resideOutsideOfPackages("..smpvisor.engine..", "..smpvisor.cpu..")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(java.util.concurrent.locks.LockSupport.class);

    @ArchTest
    static final ArchRule nothingIsSynchronized = noMethods()
            .that()
            .areDeclaredInClassesThat(resideInAnyPackage(MODEL)
                    .and(are(not(resideInAPackage("..smpvisor.engine.."))))
                    .and(are(not(assignableTo("org.smpvisor.lock.LockValidator")))))
            .should()
            .haveModifier(JavaModifier.SYNCHRONIZED);

    @ArchTest
    static final ArchRule whoExploresHoldsNoMonitor = noMethods()
            .that()
            .areDeclaredInClassesThat(resideInAPackage("..smpvisor.explore.."))
            .should()
            .haveModifier(JavaModifier.SYNCHRONIZED)
            .because("the JVM crashes where continuations run under a monitor");

    @ArchTest
    static final ArchRule threadLocalsAreNowhere =
            noClasses().should().dependOnClassesThat().areAssignableTo(ThreadLocal.class);

    @ArchTest
    static final ArchRule theModelPrintsNothing = noClasses()
            .that()
            .resideInAnyPackage(MODEL)
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err");

    @ArchTest
    static final ArchRule timeComesFromTheEngine = noClasses()
            .that()
            .resideInAnyPackage(MODEL)
            .and()
            .resideOutsideOfPackages("..smpvisor.engine..", "..smpvisor.trace..")
            .should()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis");

    @ArchTest
    static final ArchRule thePcpuLeads = methods()
            .that()
            .areDeclaredInClassesThat(resideInAnyPackage("..smpvisor.vgic..", "..smpvisor.sched..", "..gic.host.."))
            .should(havePcpuFirstIfAtAll())
            .because("it stands in the place of Xen's current");

    @ArchTest
    static final ArchRule departuresFromXenStandOnTheirPage = classes()
            .that(DescribedPredicate.describe("depart from Xen", ArchitectureTest::departs))
            .should(beNamedInTheTableOfDepartures())
            .because("docs/architecture.md says where the model departs from Xen, and why");

    /** Itself or in one of its members. */
    private static boolean departs(JavaClass c) {
        return c.isAnnotatedWith(Deviation.class)
                || c.getMembers().stream().anyMatch(m -> m.isAnnotatedWith(Deviation.class));
    }

    /** As {@code package.Class}, with or without a member behind it. */
    private static ArchCondition<JavaClass> beNamedInTheTableOfDepartures() {
        return new ArchCondition<>("be named in the table of departures") {
            @Override
            public void check(JavaClass c, ConditionEvents events) {
                String outermost = c.getName().replace("org.smpvisor.", "").replaceAll("\\$.*", "");
                Pattern named = Pattern.compile('`' + Pattern.quote(outermost) + "[`.]");
                if (!named.matcher(departures()).find()) {
                    events.add(SimpleConditionEvent.violated(c, outermost + " is not in docs/architecture.md"));
                }
            }
        };
    }

    private static String departures() {
        try {
            String page = Files.readString(Path.of("..", "docs", "architecture.md"));
            int from = page.indexOf("\n## Where it departs from Xen");
            return page.substring(from, page.indexOf("\n## ", from + 1));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String[] concat(String[] a, String[] b) {
        String[] all = new String[a.length + b.length];
        System.arraycopy(a, 0, all, 0, a.length);
        System.arraycopy(b, 0, all, a.length, b.length);
        return all;
    }

    private static ArchCondition<JavaClass> useNothingOfVarHandleButItsFences() {
        DescribedPredicate<JavaAccess<?>> raw = DescribedPredicate.describe("raw access", access -> {
            JavaClass owner = access.getTargetOwner();
            boolean handle = owner.isEquivalentTo(VarHandle.class) || owner.isAssignableTo(MethodHandles.Lookup.class);
            return handle && !access.getName().endsWith("Fence");
        });
        return new ArchCondition<>("use nothing of VarHandle but its fences") {
            @Override
            public void check(JavaClass c, ConditionEvents events) {
                c.getAccessesFromSelf().stream()
                        .filter(raw)
                        .forEach(a -> events.add(SimpleConditionEvent.violated(a, a.getDescription())));
            }
        };
    }

    private static ArchCondition<com.tngtech.archunit.core.domain.JavaMethod> havePcpuFirstIfAtAll() {
        return new ArchCondition<>("have the pCPU that runs them as their first parameter") {
            @Override
            public void check(com.tngtech.archunit.core.domain.JavaMethod m, ConditionEvents events) {
                var types = m.getRawParameterTypes();
                for (int i = 1; i < types.size(); i++) {
                    boolean pcpu = types.get(i).getName().equals("org.smpvisor.cpu.Pcpu");
                    boolean synthetic = m.getModifiers().contains(JavaModifier.SYNTHETIC);
                    if (pcpu && !synthetic && !types.get(0).getName().equals("org.smpvisor.cpu.Pcpu")) {
                        events.add(SimpleConditionEvent.violated(m, m.getFullName()));
                    }
                }
            }
        };
    }
}
