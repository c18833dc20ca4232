/** Which modes files and folders have in a copy, while it is made and after. */

/** setuid and setgid mean something only where they were set. */
export const keptMode = 0o1777;
/** Of a folder, until all is in it: nobody else looks in, and whatever it is to become, it takes more. */
export const fillingMode = 0o700;
