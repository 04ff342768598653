/** The page's language: the browser's, unless somebody chose another. */

import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';
import { recall, remember } from '../parts/memory.ts';
import { de } from './de.ts';
import { en, type Texts } from './en.ts';
import { Format } from './format.ts';

export const LANGUAGES = { en, de } as const;
export type Language = keyof typeof LANGUAGES;

interface Chosen {
  language: Language;
  texts: Texts;
  format: Format;
  choose: (language: Language) => void;
}

const Context = createContext<Chosen | null>(null);

/** The first of the browser's languages that there are texts in. */
export function preferred(languages: readonly string[]): Language {
  const known = languages.map((language) => language.slice(0, 2).toLowerCase());
  return (known.find((language) => language in LANGUAGES) as Language | undefined) ?? 'en';
}

export function TextsProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(() => {
    const chosen = recall('language');
    return chosen !== null && chosen in LANGUAGES ? (chosen as Language) : preferred(navigator.languages);
  });
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const chosen = useMemo(
    () => ({
      language,
      texts: LANGUAGES[language],
      format: new Format(language, LANGUAGES[language]),
      choose: (wanted: Language) => {
        remember('language', wanted);
        setLanguage(wanted);
      },
    }),
    [language],
  );
  return <Context.Provider value={chosen}>{children}</Context.Provider>;
}

export function useTexts(): Chosen {
  const chosen = useContext(Context);
  if (chosen === null) throw new Error('texts are used outside of their provider');
  return chosen;
}
