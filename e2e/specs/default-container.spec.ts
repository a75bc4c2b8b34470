// The container that is meant where none is named, the shells that only some images have, and a PATH that leads nowhere.
import { randomBytes } from "node:crypto";
import { imageName, kubectl, NAMESPACE, standing, submit } from "../support/kubectl.ts";
import { PodList } from "../support/pod-list.ts";
import { Terminal } from "../support/terminal.ts";
import { expect, test } from "../support/test.ts";

test("the container that a pod's annotation names is offered first, and meant where none is named", async ({ page }) => {
  const name = `e2e-${randomBytes(4).toString("hex")}`;
  const container = (name: string, image: "bash" | "noshell", more = {}) => ({
    name,
    image: imageName(image),
    imagePullPolicy: "Never",
    ...more,
  });
  // kubelets expand no PATH
  const path = { env: [{ name: "PATH", value: "/opt/bin:$PATH" }] };
  await submit("create", {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: NAMESPACE,
      annotations: { "kubectl.kubernetes.io/default-container": "app" },
    },
    spec: {
      activeDeadlineSeconds: 900,
      terminationGracePeriodSeconds: 1,
      automountServiceAccountToken: false,
      containers: [
        container("istio-proxy", "noshell"),
        container("app", "bash", { ...path, command: ["/bin/bash", "-c", "/bin/sleep 86400"] }),
      ],
    },
  });
  try {
    await kubectl("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s");
    const list = await PodList.open(page);
    const shells = list.row(`${NAMESPACE}/${name}`).getByTestId("open-shell");
    await expect(shells.first()).toHaveAttribute("data-container", "app");
    await page.goto(`./shell/${NAMESPACE}/${name}`);
    const terminal = new Terminal(page);
    await terminal.expectState("connected");
    await expect(page).toHaveURL(new RegExp(`/shell/${NAMESPACE}/${name}/app$`));
    await terminal.run("echo $0 $PATH");
    await terminal.expectText(/^\/bin\/bash \/opt\/bin:\$PATH$/m);
  } finally {
    await kubectl("delete", "pod", name, "--wait=false");
  }
});

test("a shell that only some images have", async ({ page }) => {
  const terminal = await Terminal.open(page, standing("busybox"), { query: "?shell=ash" });
  await terminal.run("echo I am $0");
  await terminal.expectText(/^I am ash$/m);
  const none = await Terminal.goto(page, standing("bash"), { query: "?shell=zsh" });
  await none.expectReason("no-shell");
  await expect(none.failure).toContainText("has no zsh");
});
