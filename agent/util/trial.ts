/** One try of a secret, by whoever has the turn. */
export interface Turn {
  /** The secret is good: all others may use it at once. */
  taken(): void;
  /** It is not: nobody else is to try it. */
  refused(by: string): void;
  /** Gives the turn to the next, if nothing was decided. */
  leave(): void;
}

const NO_TURN: Turn = { taken: () => {}, refused: () => {}, leave: () => {} };

/**
 * Keeps a wrong password from being tried on one after another: a directory's accounts are locked after a few. Until
 * somebody has taken it, one at a time tries it; what the first one refuses, no other gets.
 */
export class Trial {
  #wasTaken = false;
  #refusedBy: string | undefined;
  #underWay: Promise<void> | undefined;

  /** Who has refused it, before anybody took it. */
  get refusedBy(): string | undefined {
    return this.#refusedBy;
  }

  /** Waits until the secret may be tried; see then whether somebody has refused it meanwhile. */
  async turn(): Promise<Turn> {
    while (this.#underWay !== undefined) await this.#underWay;
    if (this.#wasTaken || this.#refusedBy !== undefined) return NO_TURN;
    let isOver = false;
    let wake = () => {};
    this.#underWay = new Promise((resolve) => {
      wake = resolve;
    });
    const end = (decide: () => void) => {
      if (isOver) return;
      isOver = true;
      decide();
      this.#underWay = undefined;
      wake();
    };
    return {
      taken: () =>
        end(() => {
          this.#wasTaken = true;
        }),
      refused: (by) =>
        end(() => {
          this.#refusedBy = by;
        }),
      leave: () => end(() => {}),
    };
  }
}
