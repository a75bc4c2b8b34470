// What a program gives its terminal beside text: a title, which the tab shows, and colours, which reach its edges.
import { standing } from "../support/kubectl.ts";
import { expect, test } from "../support/test.ts";
import { Terminal } from "../support/terminal.ts";

test("the tab shows the program's title until the program is over", async ({ page, ownPod }) => {
  const own = `${ownPod.pod}/${ownPod.container} – Podshell`;
  const terminal = await Terminal.open(page, ownPod);
  await terminal.expectPrompt();
  await terminal.run("printf '\\033]2;vim – 你好 💻\\007'");
  await expect(page).toHaveTitle(`vim – 你好 💻 – ${own}`);
  await terminal.run("printf '\\033]0;to\\342\\200\\256p\\033\\\\'");
  await expect(page).toHaveTitle(`top – ${own}`);
  // bounded, and an empty one is none
  await terminal.run(`printf '\\033]2;%s\\007' $(seq -s x 1 500)`);
  await expect(page).toHaveTitle(/^1x2x.{96} – /);
  await terminal.run("printf '\\033]2;\\007'");
  await expect(page).toHaveTitle(own);
  await terminal.run("printf '\\033]2;old\\007'; exit");
  await terminal.expectState("ended");
  await expect(page).toHaveTitle(own);
  await page.keyboard.press("Enter");
  await terminal.expectState("connected");
  await expect(page).toHaveTitle(own);
});

test("the list has its own title again", async ({ page }) => {
  const terminal = await Terminal.open(page, standing("bash"));
  await terminal.expectPrompt();
  await terminal.run("printf '\\033]2;gone\\007'");
  await expect(page).toHaveTitle(/^gone – /);
  await page.getByRole("link", { name: "Pods" }).click();
  await expect(page).toHaveTitle("Pods – Podshell");
});

for (const colorScheme of ["light", "dark"] as const) {
  test.describe(colorScheme, () => {
    test.use({ colorScheme });

    test("a program's colour reaches the terminal's edges, and a click there gives it the keyboard", async ({
      page,
      ownPod,
    }) => {
      const terminal = await Terminal.open(page, ownPod);
      await terminal.expectPrompt();
      await terminal.run("clear; printf '\\033]11;#204060\\007'");
      const box = await terminal.host.boundingBox();
      if (box === null) throw new Error("the terminal has no box");
      const edges = [
        { x: box.x + 2, y: box.y + box.height / 2 },
        { x: box.x + box.width / 2, y: box.y + 2 },
        { x: box.x + box.width / 2, y: box.y + box.height - 2 },
        { x: box.x + box.width - 2, y: box.y + box.height - 2 },
      ];
      // pixels as the browser shows them
      const colours = async () => {
        const pictures: string[] = [];
        for (const { x, y } of edges) {
          const clip = { x: Math.round(x) - 1, y: Math.round(y) - 1, width: 2, height: 2 };
          pictures.push((await page.screenshot({ clip })).toString("base64"));
        }
        return page.evaluate(async (pictures) => {
          const context = document.createElement("canvas").getContext("2d") as CanvasRenderingContext2D;
          const colours: string[] = [];
          for (const picture of pictures) {
            const image = new Image();
            image.src = `data:image/png;base64,${picture}`;
            await image.decode();
            context.drawImage(image, 0, 0);
            colours.push([...context.getImageData(0, 0, 1, 1).data.slice(0, 3)].join(" "));
          }
          return colours;
        }, pictures);
      };
      await expect.poll(colours).toEqual(edges.map(() => "32 64 96"));
      for (const { x, y } of edges.slice(0, 3)) {
        await terminal.host.locator(".xterm-helper-textarea").evaluate((area: HTMLElement) => area.blur());
        await page.mouse.click(x, y);
        await expect(terminal.host.locator(".xterm-helper-textarea")).toBeFocused();
      }
      await page.screenshot({ path: test.info().outputPath("coloured.png") });
    });
  });
}
