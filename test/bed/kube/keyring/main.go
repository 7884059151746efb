// Prints what the kubelet's own packages make of credential files and image references.
//
// Each line of input is {"format", "file", "images"}: the file and each image reference in base64. Each line of
// output is {"valid", "creds"}: for each image all that the kubelet would try, in its order: user, password, and
// their bytes (user:password in base64); null where it takes no file.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"io"
	"log"
	"os"

	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/credentialprovider"
	"k8s.io/kubernetes/pkg/util/parsers"
)

type question struct {
	Format string   `json:"format"`
	File   []byte   `json:"file"`
	Images [][]byte `json:"images"`
}

type credential struct {
	Username string `json:"username"`
	Password string `json:"password"`
	Pair     []byte `json:"pair"`
}

type answer struct {
	Valid bool           `json:"valid"`
	Creds [][]credential `json:"creds"`
}

func main() {
	silenceLog()
	if err := answerAll(os.Stdin, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// The keyring logs each key that is no address.
func silenceLog() {
	flags := flag.NewFlagSet("", flag.ExitOnError)
	klog.InitFlags(flags)
	for name, value := range map[string]string{"logtostderr": "false", "stderrthreshold": "FATAL"} {
		if err := flags.Set(name, value); err != nil {
			log.Fatal(err)
		}
	}
	klog.SetOutput(io.Discard)
}

func answerAll(input io.Reader, output io.Writer) error {
	scratch, err := os.CreateTemp("", "keyring-")
	if err != nil {
		return err
	}
	defer os.Remove(scratch.Name())
	defer scratch.Close()
	questions := json.NewDecoder(bufio.NewReaderSize(input, 1<<20))
	buffered := bufio.NewWriterSize(output, 1<<20)
	defer buffered.Flush()
	answers := json.NewEncoder(buffered)
	for {
		var asked question
		if err := questions.Decode(&asked); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
		config, err := read(asked, scratch)
		if err := answers.Encode(answerOf(config, err == nil, asked.Images)); err != nil {
			return err
		}
	}
}

// config.json is read from a file, because that is the package's only door to it.
func read(asked question, scratch *os.File) (credentialprovider.DockerConfig, error) {
	if asked.Format == ".dockercfg" {
		return credentialprovider.ReadDockerConfigFileFromBytes(asked.File)
	}
	if err := os.WriteFile(scratch.Name(), asked.File, 0o600); err != nil {
		log.Fatal(err)
	}
	return credentialprovider.ReadSpecificDockerConfigJSONFile(scratch.Name())
}

func answerOf(config credentialprovider.DockerConfig, valid bool, images [][]byte) answer {
	if !valid {
		return answer{}
	}
	keyring := &credentialprovider.BasicDockerKeyring{}
	add(keyring, config)
	result := answer{Valid: true, Creds: make([][]credential, 0, len(images))}
	for _, image := range images {
		result.Creds = append(result.Creds, lookUp(keyring, string(image)))
	}
	return result
}

// The kubelet looks for credentials after it has parsed the reference (kuberuntime, PullImage).
func lookUp(keyring *credentialprovider.BasicDockerKeyring, image string) []credential {
	found := []credential{}
	repository, _, _, err := parsers.ParseImageName(image)
	if err != nil {
		return found
	}
	configs, _ := keyring.Lookup(repository)
	for _, config := range configs {
		pair := config.Username + ":" + config.Password
		found = append(found, credential{config.Username, config.Password, []byte(pair)})
	}
	return found
}
