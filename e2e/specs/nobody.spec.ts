// A user whom the cluster does not know. Whoever it knows may ask for their rights; nobody may not.
import { writeFile } from "node:fs/promises";
import { EXEC, grant, kubeconfigOf, SEE_PODS, standing } from "../support/kubectl.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

const BASH = standing("bash");

test.use({ local: true });

test("who may not ask for their rights has those that they have", async ({ setUp, problems }, testInfo) => {
  problems.expect(/403/);
  const anonymous = { apiGroup: "rbac.authorization.k8s.io", kind: "User", name: "system:anonymous" };
  await grant("e2e-anonymous", anonymous, [SEE_PODS, EXEC]);
  const kubeconfig = testInfo.outputPath("kubeconfig");
  await writeFile(kubeconfig, await kubeconfigOf("e2e-anonymous"));
  const { page } = await setUp([], { kubeconfig });
  const terminal = await Terminal.open(page, BASH);
  await terminal.run("echo $((6*7))");
  await terminal.expectText(/^42$/m);
  const attached = await Terminal.goto(page, BASH, { query: "?mode=attach" });
  await attached.expectReason("forbidden");
  await expect(attached.failure).toContainText("pods/attach");
});
